#pragma once
// Files held for as long as an object lives.
#include <fleet/client.hpp>
#include <fleet/records.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace fleet {

// Told once when the files are no longer surely held: the lease was forced or displaced, or could not be
// renewed before it ran out. Called on the client's executor; stop writing.
using OnLost = std::function<void(Error const& why)>;

// A reservation that renews itself at a third of its length and is given back on destruction. Move only.
// Lives on the client's executor, which must be serial; destroy it there, and let the executor run for a
// moment afterwards (at most two seconds of waiting for the daemon), or the files are free only when the
// lease runs out.
class ReservationLease {
public:
    ReservationLease() = default;
    ~ReservationLease();
    ReservationLease(ReservationLease&& other) noexcept = default;
    ReservationLease& operator=(ReservationLease&& other) noexcept;

    // Reserves, waiting if the request says so. Errors: reservation_held, wait_ended, deadlock with what
    // stands in the way in `detail`, and those of `Client::async_reserve`.
    template <ResultToken<ReservationLease> Token>
    static auto async_acquire(Client const& client, ReserveRequest request, OnLost on_lost, Token&& token) {
        auto initiation = [](auto handler, ClientCorePtr core, ReserveRequest given, OnLost lost) {
            auto executor = executor_of(*core);
            launch<ReservationLease>(std::move(executor),
                                     acquire(std::move(core), std::move(given), std::move(lost)),
                                     Completion<ReservationLease>(std::move(handler)));
        };
        return asio::async_initiate<Token, void(Result<ReservationLease>)>(
            std::move(initiation), token, client.core(), std::move(request), std::move(on_lost));
    }

    // Gives the files back and waits for it. Harmless twice.
    template <ResultToken<Json> Token>
    auto async_release(Token&& token) {
        auto initiation = [](auto handler, asio::any_io_executor executor, std::shared_ptr<State> state) {
            launch<Json>(std::move(executor), release(std::move(state)),
                         Completion<Json>(std::move(handler)));
        };
        return asio::async_initiate<Token, void(Result<Json>)>(std::move(initiation), token, executor(),
                                                               state_);
    }

    bool is_held() const;
    // Of a held lease.
    Granted const& granted() const;
    Fence const& fence() const { return granted().fence; }

private:
    struct State;
    explicit ReservationLease(std::shared_ptr<State> state) : state_(std::move(state)) {}

    static asio::any_io_executor executor_of(ClientCore const& core);
    static asio::awaitable<Result<ReservationLease>> acquire(ClientCorePtr core, ReserveRequest request,
                                                             OnLost on_lost);
    static asio::awaitable<Result<Json>> release(std::shared_ptr<State> state);
    static asio::awaitable<void> renew(std::shared_ptr<State> state);
    asio::any_io_executor executor() const;
    void let_go();

    std::shared_ptr<State> state_{};
};

}  // namespace fleet
