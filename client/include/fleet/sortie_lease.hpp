#pragma once
// A sortie held for as long as an object lives.
#include <fleet/reservation_lease.hpp>
#include <fleet/work.hpp>

#include <memory>
#include <utility>

namespace fleet {

// A claimed sortie whose pilot gives signs of life at a third of the lease, and which goes back to the others
// on destruction unless it was completed, failed or forgotten. Move only. Lives on the client's executor,
// which must be serial; destroy it there, and let the executor run for a moment afterwards (at most two
// seconds of waiting for the daemon), or the sortie is free only when the lease runs out.
class SortieLease {
public:
    SortieLease() = default;
    ~SortieLease();
    SortieLease(SortieLease&& other) noexcept = default;
    SortieLease& operator=(SortieLease&& other) noexcept;

    // The client must act as a pilot. `on_lost` is told once when the sortie is no longer surely ours: stop
    // working. Errors: nothing_ready, and those of `Work::async_claim_sortie`.
    template <ResultToken<SortieLease> Token>
    static auto async_claim(Client const& client, ClaimRequest request, OnLost on_lost, Token&& token) {
        auto initiation = [](auto handler, ClientCorePtr core, ClaimRequest given, OnLost lost) {
            auto executor = executor_of(*core);
            launch<SortieLease>(std::move(executor),
                                claim(std::move(core), std::move(given), std::move(lost)),
                                Completion<SortieLease>(std::move(handler)));
        };
        return asio::async_initiate<Token, void(Result<SortieLease>)>(
            std::move(initiation), token, client.core(), std::move(request), std::move(on_lost));
    }

    // Ends the lease with the work done. It stays held when the daemon refuses.
    template <ResultToken<Sortie> Token>
    auto async_complete(CompleteRequest request, Token&& token) {
        return finish(&complete, std::move(request), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_fail(FailRequest request, Token&& token) {
        return finish(&fail, std::move(request), token);
    }
    // For `Work`: start, progress, block. The sortie itself is as it was when it was claimed.
    bool is_held() const;
    Sortie const& sortie() const;
    Fence fence() const { return sortie().fence(); }

    // "It is handed over": ended through `Work`, or to be finished by another program. It is not given back.
    void forget();

private:
    struct State;
    explicit SortieLease(std::shared_ptr<State> state) : state_(std::move(state)) {}

    static asio::any_io_executor executor_of(ClientCore const& core);
    static asio::awaitable<Result<SortieLease>> claim(ClientCorePtr core, ClaimRequest request,
                                                      OnLost on_lost);
    static asio::awaitable<Result<Sortie>> complete(std::shared_ptr<State> state, CompleteRequest request);
    static asio::awaitable<Result<Sortie>> fail(std::shared_ptr<State> state, FailRequest request);
    static asio::awaitable<void> keep_alive(std::shared_ptr<State> state);
    static asio::awaitable<Result<void>> renew(State& state);
    static asio::awaitable<void> give_back(std::shared_ptr<State> state);
    asio::any_io_executor executor() const;
    void let_go();

    template <class Request, class Token>
    auto finish(asio::awaitable<Result<Sortie>> (*body)(std::shared_ptr<State>, Request), Request request,
                Token& token) {
        auto initiation = [body](auto handler, asio::any_io_executor executor, std::shared_ptr<State> state,
                                 Request given) {
            launch<Sortie>(std::move(executor), body(std::move(state), std::move(given)),
                           Completion<Sortie>(std::move(handler)));
        };
        return asio::async_initiate<Token, void(Result<Sortie>)>(std::move(initiation), token, executor(),
                                                                 state_, std::move(request));
    }

    std::shared_ptr<State> state_{};
};

}  // namespace fleet
