#include "fault/worker/modes.hpp"
#include "support/process.hpp"

#include <fleet/client.hpp>
#include <fleet/error.hpp>
#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <random>
#include <vector>

namespace fleet::fault {

namespace {

// How long a worker that shall stop goes on trying to get its last batch acknowledged.
constexpr std::chrono::seconds last_try{60};

class Batches {
public:
    explicit Batches(WorkerOptions const& options) : options_{options}, random_{options.seed} {}

    std::vector<NewEvent> next() {
        std::vector<NewEvent> events(1 + random_() % 3);
        for (auto& event : events) {
            count_ += 1;
            event.type = "x.made";
            event.event_id = new_id("evt");
            event.stream_type = "x";
            event.stream_id = "x:" + options_.name;
            event.data = {{"by", options_.name}, {"n", count_}};
        }
        return events;
    }

private:
    WorkerOptions const& options_;
    std::mt19937 random_;
    std::int64_t count_ = 0;
};

void note_tried(History& history, std::vector<NewEvent> const& events) {
    for (auto const& event : events) history.note({{"did", "tried"}, {"event_id", event.event_id}});
}

void note_acked(History& history, std::string const& event_id, std::int64_t seq) {
    history.note({{"did", "acked"}, {"event_id", event_id}, {"seq", seq}});
}

bool worth_repeating(Error const& error) {
    auto const status = http_status(error);
    return status >= 500 || status == 429;
}

using Clock = std::chrono::steady_clock;

// True while a worker may go on with the batch it has; measures from when it was first told to stop.
class Patience {
public:
    explicit Patience(WorkerOptions const& options) : options_{options} {}
    bool left() {
        if (!told_to_stop(options_)) return true;
        if (!since_) since_ = Clock::now();
        return Clock::now() - *since_ < last_try;
    }

private:
    WorkerOptions const& options_;
    std::optional<Clock::time_point> since_;
};

Json act_request(WorkerOptions const& options, std::vector<NewEvent> const& events) {
    auto list = Json::array();
    for (auto const& event : events) {
        list.push_back({{"event_id", event.event_id},
                        {"type", event.type},
                        {"stream_type", event.stream_type},
                        {"stream_id", event.stream_id},
                        {"data", event.data}});
    }
    Json args{{"events", std::move(list)}};
    return Json::array({{{"op", "append"}, {"project", options.project}, {"args", std::move(args)}}});
}

// A psql that stays open and is replaced when it ends, as it does when the server goes.
class Psql {
public:
    explicit Psql(std::string dsn) : dsn_{std::move(dsn)} {}

    // The rows of one statement; nothing when psql or the server could not answer.
    std::optional<std::vector<std::string>> rows(std::string const& statement) {
        if (!process_.running()) start();
        std::vector<std::string> found;
        if (process_.write_line(statement) && process_.write_line("\\echo :SQLSTATE")) {
            while (auto line = process_.read_line(std::chrono::seconds{30})) {
                if (line->size() == 5 && line->front() != '{') {
                    if (*line != "00000") return std::nullopt;
                    return found;
                }
                found.push_back(*std::move(line));
            }
        }
        process_.kill_now();
        return std::nullopt;
    }

private:
    void start() {
        test::Command command{.words = {"psql", "-XAtq", "-d", dsn_}};
        command.environment["PGCONNECT_TIMEOUT"] = "5";
        command.input_pipe = true;
        command.output_pipe = true;
        process_ = test::Process{command};
    }

    std::string dsn_;
    test::Process process_;
};

}  // namespace

asio::awaitable<int> append_through_daemon(WorkerOptions options) {
    auto executor = co_await asio::this_coro::executor;
    ClientOptions client_options;
    client_options.endpoint = options.endpoint;
    client_options.project = options.project;
    Client client{executor, client_options};
    History history{options.history};
    Batches batches{options};
    Patience patience{options};

    while (!told_to_stop(options)) {
        AppendRequest request;
        request.events = batches.next();
        note_tried(history, request.events);
        while (patience.left()) {
            auto again = request;
            auto outcome = co_await client.async_append(std::move(again), asio::use_awaitable);
            if (outcome.has_value()) {
                for (auto const& event : *outcome) note_acked(history, event.event_id, event.seq);
                break;
            }
            history.note({{"did", "failed"},
                          {"code", text_code(outcome.error())},
                          {"message", outcome.error().message}});
            if (!worth_repeating(outcome.error())) {
                std::cerr << options.name << ": " << describe(outcome.error()) << "\n";
                co_return 1;
            }
            co_await pause_for(50);
        }
    }
    co_return 0;
}

int append_in_psql(WorkerOptions const& options) {
    Psql psql{options.dsn};
    History history{options.history};
    Batches batches{options};
    Patience patience{options};

    while (!told_to_stop(options)) {
        auto const events = batches.next();
        note_tried(history, events);
        // A dollar quote that no event contains.
        auto const statement = "select to_jsonb(a)::text from fleet.act($fleet_test$" +
                               json_text(act_request(options, events)) + "$fleet_test$::jsonb) a;";
        while (patience.left()) {
            auto const rows = psql.rows(statement);
            if (!rows || rows->size() != 1) {
                history.note({{"did", "failed"}, {"code", "away"}});
                continue;
            }
            auto const row = Json::parse(rows->front());
            if (!flag_or(row, "ok", false)) {
                std::cerr << options.name << ": " << rows->front() << "\n";
                return 1;
            }
            for (auto const& event : row.at("result").at("events")) {
                note_acked(history, event.at("event_id").get<std::string>(),
                           event.at("seq").get<std::int64_t>());
            }
            break;
        }
    }
    return 0;
}

}  // namespace fleet::fault
