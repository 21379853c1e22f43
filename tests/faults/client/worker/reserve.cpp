#include "fault/checker_files.hpp"
#include "fault/worker/modes.hpp"
#include "fault/workload.hpp"

#include <fleet/client.hpp>
#include <fleet/error.hpp>
#include <fleet/time.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <iostream>
#include <random>
#include <set>

namespace fleet::fault {

namespace {

constexpr Millis short_ttl{1'000};  // the shortest there is
constexpr Millis usual_ttl{20'000};

std::int64_t micros(Time time) {
    return std::chrono::microseconds{time.time_since_epoch()}.count();
}

struct Abandoned {
    Fence fence{};
    std::string path{};
};

// One process, one pilot. What happens in a round is drawn; the seed and the history decide nothing else.
class Worker {
public:
    Worker(WorkerOptions options, Client client)
        : options_{std::move(options)},
          client_{std::move(client)},
          history_{options_.history},
          random_{options_.seed} {}

    asio::awaitable<int> run() {
        co_await take_over();
        while (rounds_ < options_.rounds) {
            bool const went_well = co_await round();
            if (!went_well) {
                co_await pause_for(50);
                continue;
            }
            rounds_ += 1;
            history_.note({{"did", "round"}});
        }
        co_return failed_hard_ ? 1 : 0;
    }

private:
    // A killed predecessor may have held files: they are given back before anything else, and the history
    // says so first.
    asio::awaitable<void> take_over() {
        std::set<std::int64_t> open;
        for (auto const& line : read_history(options_.history)) {
            auto const did = line.value("did", "");
            if (did == "granted") open.insert(line.at("token").get<std::int64_t>());
            if (did == "round") rounds_ += 1;
        }
        for (auto const token : open)
            history_.note({{"did", "releasing"}, {"token", token}, {"at", now_us()}});
        if (rounds_ == 0 && open.empty()) co_return;
        for (int tries = 0; tries < 200; ++tries) {
            std::string operation = "reservations.release_all";
            auto args = Json::object();
            CallOptions options;
            auto outcome = co_await client_.async_call(std::move(operation), std::move(args),
                                                       std::move(options), asio::use_awaitable);
            if (outcome.has_value()) co_return;
            note_failure("release_all", outcome.error());
            co_await pause_for(50);
        }
    }

    asio::awaitable<bool> round() {
        if (chance(20) && !abandoned_.empty()) co_await try_abandoned();
        auto request = draw_request();
        bool const waits = request.wait.has_value();
        auto outcome = co_await client_.async_reserve(std::move(request), asio::use_awaitable);
        if (outcome.has_error()) {
            note_failure("reserve", outcome.error());
            co_return false;
        }
        if (!std::holds_alternative<Granted>(*outcome)) {
            history_.note({{"did", "refused"}, {"waited", waits}});
            co_return true;
        }
        auto const& granted = std::get<Granted>(*outcome);
        auto const got = now_us();
        history_.note({{"did", "granted"},
                       {"token", granted.fence.token},
                       {"reservation", granted.fence.id},
                       {"patterns", granted.patterns},
                       {"mode", granted.mode},
                       {"got", got},
                       {"expires", micros(granted.expires_at.value())}});
        auto fence = granted.fence;
        auto path = covered_path(granted.patterns);
        co_await check(fence, path);
        if (chance(30)) co_await extend(fence, usual_ttl);
        if (lapsing_) {
            abandoned_.push_back({.fence = fence, .path = path});
            // A pilot that acts keeps its leases: what shall lapse needs a pilot that gives no sign of life.
            auto const silence = 1'100 + static_cast<std::int64_t>(random_() % 500);
            co_await pause_for(silence);
            co_return true;
        }
        bool const released = co_await release(fence);
        if (released && chance(20)) {
            // The token of what was given back must open nothing.
            co_await check(fence, path);
            co_await extend(fence, usual_ttl);
        }
        co_return true;
    }

    // What was left to lapse is still ours until somebody takes it: both answers are right, the checker knows
    // which.
    asio::awaitable<void> try_abandoned() {
        auto old = abandoned_.front();
        abandoned_.pop_front();
        co_await check(old.fence, old.path);
        bool const still_ours = co_await extend(old.fence, short_ttl);
        if (still_ours && abandoned_.size() < 8 && chance(50))
            abandoned_.push_back(old);
        else if (still_ours)
            co_await release(old.fence);
    }

    asio::awaitable<void> check(Fence fence, std::string path) {
        auto const sent = now_us();
        auto outcome = co_await client_.async_check_file(std::move(path), fence.token, asio::use_awaitable);
        if (outcome.has_error()) {
            note_failure("check", outcome.error());
            co_return;
        }
        history_.note({{"did", outcome->valid ? "accepted" : "rejected"},
                       {"how", "check"},
                       {"token", fence.token},
                       {"sent", sent}});
    }

    asio::awaitable<bool> extend(Fence fence, Millis ttl) {
        if (lapsing_) ttl = short_ttl;
        auto const sent = now_us();
        auto outcome = co_await client_.async_extend(fence, ttl, asio::use_awaitable);
        if (outcome.has_error()) {
            if (text_code(outcome.error()) != "stale_token")
                note_failure("extend", outcome.error());
            else
                history_.note({{"did", "rejected"}, {"how", "act"}, {"token", fence.token}, {"sent", sent}});
            co_return false;
        }
        history_.note({{"did", "accepted"}, {"how", "act"}, {"token", fence.token}, {"sent", sent}});
        history_.note(
            {{"did", "extended"}, {"token", fence.token}, {"got", now_us()}, {"expires", micros(*outcome)}});
        co_return true;
    }

    asio::awaitable<bool> release(Fence fence) {
        history_.note({{"did", "releasing"}, {"token", fence.token}, {"at", now_us()}});
        auto outcome = co_await client_.async_release(fence, asio::use_awaitable);
        if (outcome.has_error()) {
            note_failure("release", outcome.error());
            co_return false;
        }
        history_.note({{"did", "released"}, {"token", fence.token}, {"got", now_us()}});
        co_return true;
    }

    ReserveRequest draw_request() {
        ReserveRequest request;
        auto const count = chance(25) ? 2U : 1U;
        for (std::size_t i = 0; i < count; ++i) {
            request.patterns.emplace_back(workload_patterns[random_() % workload_patterns.size()]);
        }
        if (count == 2 && request.patterns[0] == request.patterns[1]) request.patterns.pop_back();
        request.shared = chance(15);
        lapsing_ = chance(2);
        request.ttl = lapsing_ ? short_ttl : usual_ttl;
        if (chance(15)) request.wait = Millis{300};
        return request;
    }

    std::string covered_path(std::vector<std::string> const& patterns) {
        for (auto const path : workload_paths) {
            if (matches(patterns.front(), std::string{path})) return std::string{path};
        }
        return patterns.front();
    }

    void note_failure(std::string const& what, Error const& error) {
        history_.note(
            {{"did", "failed"}, {"what", what}, {"code", text_code(error)}, {"message", error.message}});
        auto const status = http_status(error);
        if (status >= 500 || status == 429 || status == 409) return;
        std::cerr << options_.name << ": " << what << ": " << describe(error) << "\n";
        failed_hard_ = true;
    }

    bool chance(unsigned percent) { return random_() % 100 < percent; }

    WorkerOptions options_;
    Client client_;
    History history_;
    std::mt19937 random_;
    std::deque<Abandoned> abandoned_{};
    int rounds_ = 0;
    bool lapsing_ = false;
    bool failed_hard_ = false;
};

}  // namespace

asio::awaitable<int> reserve_in_rounds(WorkerOptions options) {
    auto executor = co_await asio::this_coro::executor;
    ClientOptions client_options;
    client_options.endpoint = options.endpoint;
    client_options.project = options.project;
    client_options.callsign = options.name;
    Client client{executor, client_options};
    Worker worker{std::move(options), std::move(client)};
    int const status = co_await worker.run();
    co_return status;
}

}  // namespace fleet::fault
