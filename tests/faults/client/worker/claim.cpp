#include "fault/worker/modes.hpp"

#include <fleet/client.hpp>
#include <fleet/error.hpp>
#include <fleet/json.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <deque>
#include <iostream>
#include <optional>
#include <random>

namespace fleet::fault {

namespace {

constexpr int lease_seconds = 2;

struct Lease {
    std::string pilot{};
    std::string sortie{};
    std::int64_t token = 0;
};

// One process. Its pilot is another one each time it leaves work behind: whoever goes on to act as the old
// one would keep the old lease alive.
class Claimer {
public:
    Claimer(WorkerOptions options, Client client)
        : options_{std::move(options)},
          client_{std::move(client)},
          history_{options_.history},
          random_{options_.seed + static_cast<std::uint32_t>(now_us())} {}

    asio::awaitable<int> run() {
        auto left = take_over();
        co_await become_pilot();
        // What a killed predecessor had in hands is finished, or left to its lease.
        if (left && chance(50))
            co_await finish(*left);
        else if (left)
            abandoned_.push_back(*left);
        while (!over_) co_await round();
        co_return failed_hard_ ? 1 : 0;
    }

private:
    std::optional<Lease> take_over() {
        std::optional<Lease> left;
        for (auto const& line : read_history(options_.history)) {
            auto const did = line.value("did", "");
            if (did == "pilot") generation_ = line.at("generation").get<int>();
            if (did == "claimed") {
                left = Lease{line.at("pilot").get<std::string>(), line.at("sortie").get<std::string>(),
                             line.at("token").get<std::int64_t>()};
            }
            if (did == "let_go") left.reset();
        }
        return left;
    }

    asio::awaitable<void> become_pilot() {
        generation_ += 1;
        pilot_ = fmt::format("{}-{}", options_.name, generation_);
        history_.note({{"did", "pilot"}, {"generation", generation_}});
        while (true) {
            Json args{{"callsign", pilot_}, {"program", "fault-worker"}, {"model", "none"}, {"resume", true}};
            auto answer = co_await call(pilot_, "pilots.register", std::move(args));
            if (answer) co_return;
            co_await pause_for(50);
        }
    }

    asio::awaitable<void> round() {
        if (!abandoned_.empty() && chance(15)) co_await try_abandoned();
        Json args{{"lease_seconds", lease_seconds}};
        auto answer = co_await call(pilot_, "sorties.claim_next", std::move(args));
        if (!answer) {
            if (answer.error().code == ErrorCode::nothing_ready) co_await look_for_the_end();
            co_await pause_for(50);
            co_return;
        }
        auto lease = note_claim(*answer);
        bool const started = co_await act("start", lease, Json::object());
        if (!started) co_return;
        auto const fate = random_() % 100;
        if (fate < 4) {
            history_.note({{"did", "let_go"}, {"how", "abandoned"}});
            abandoned_.push_back(lease);
            co_await become_pilot();
            co_return;
        }
        if (fate < 12) lease = co_await give_back_and_take(lease);
        co_await finish(lease);
    }

    Lease note_claim(Json const& answer) {
        Lease lease{pilot_, text_or(answer, "sortie_id", ""), number_or(answer, "token", 0)};
        history_.note(
            {{"did", "claimed"}, {"pilot", lease.pilot}, {"sortie", lease.sortie}, {"token", lease.token}});
        return lease;
    }

    asio::awaitable<void> finish(Lease lease) {
        Json args{{"summary", "done"}, {"files_touched", Json::array()}};
        co_await act("complete", lease, std::move(args));
        history_.note({{"did", "let_go"}, {"how", "finished"}});
    }

    // The same pilot with a new token: only the token tells the old claim from the new one.
    asio::awaitable<Lease> give_back_and_take(Lease old) {
        bool const returned = co_await act("return", old, Json::object());
        if (!returned) co_return old;
        Json args{{"sortie_id", old.sortie}, {"lease_seconds", lease_seconds}};
        auto again = co_await call(pilot_, "sorties.claim", std::move(args));
        if (!again) co_return old;
        auto const lease = note_claim(*again);
        co_await act("start", old, Json::object());
        bool const started = co_await act("start", lease, Json::object());
        if (!started) co_return lease;
        Json progress{{"percent", 50}};
        co_await act("progress", old, std::move(progress));
        co_return lease;
    }

    // Somebody else has it, has finished it, or it is still ours: the checker knows which.
    asio::awaitable<void> try_abandoned() {
        auto const old = abandoned_.front();
        abandoned_.pop_front();
        Json args{{"summary", "late"}, {"files_touched", Json::array()}};
        co_await act("complete", old, std::move(args));
    }

    asio::awaitable<bool> act(std::string what, Lease lease, Json args) {
        args["sortie_id"] = lease.sortie;
        args["fence"] = Json{{"kind", "sortie"}, {"id", lease.sortie}, {"token", lease.token}};
        auto answer = co_await call(lease.pilot, "sorties." + what, std::move(args));
        Json line{{"did", answer ? "accepted" : "rejected"},
                  {"what", what},
                  {"sortie", lease.sortie},
                  {"token", lease.token}};
        if (answer) line["seq"] = number_or(*answer, "last_seq", 0);
        if (!answer) line["code"] = text_code(answer.error());
        history_.note(line);
        co_return answer.has_value();
    }

    asio::awaitable<void> look_for_the_end() {
        Json args{{"status", "open"}, {"limit", 1}};
        auto answer = co_await call(pilot_, "sorties.list", std::move(args));
        over_ = answer && answer->contains("items") && answer->at("items").empty();
    }

    asio::awaitable<Result<Json>> call(std::string pilot, std::string operation, Json args) {
        CallOptions options;
        options.callsign = std::move(pilot);
        auto answer =
            co_await client_.async_call(operation, std::move(args), std::move(options), asio::use_awaitable);
        if (answer) co_return answer;
        auto const status = http_status(answer.error());
        bool const expected = status >= 500 || status == 429 || status == 409 || status == 403;
        if (!expected) {
            std::cerr << options_.name << ": " << operation << ": " << describe(answer.error()) << "\n";
            failed_hard_ = true;
        }
        co_return answer;
    }

    bool chance(unsigned percent) { return random_() % 100 < percent; }

    WorkerOptions options_;
    Client client_;
    History history_;
    std::mt19937 random_;
    std::string pilot_{};
    int generation_ = 0;
    std::deque<Lease> abandoned_{};
    bool over_ = false;
    bool failed_hard_ = false;
};

}  // namespace

asio::awaitable<int> claim_until_nothing_is_left(WorkerOptions options) {
    auto executor = co_await asio::this_coro::executor;
    ClientOptions client_options;
    client_options.endpoint = options.endpoint;
    client_options.project = options.project;
    Client client{executor, client_options};
    Claimer claimer{std::move(options), std::move(client)};
    int const status = co_await claimer.run();
    co_return status;
}

}  // namespace fleet::fault
