#include "fault/runs.hpp"
#include "support/eventually.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fleet::fault {

namespace {

using Clock = std::chrono::steady_clock;

// Subscribers first, so that they see the beginning live; two on each daemon, one straight on the database.
void add_workers(Stage& stage, EventsRun const& run) {
    auto const daemons = static_cast<std::size_t>(run.stage.daemons);
    for (std::size_t i = 0; run.daemon_subscribers && i < 2 * daemons; ++i) {
        stage.add_worker("subscribe", fmt::format("subscriber-{}", i), i % daemons);
    }
    stage.add_worker("direct", "subscriber-direct", std::nullopt);
    for (int i = 0; daemons > 0 && i < run.daemon_writers; ++i) {
        stage.add_worker("append", fmt::format("writer-{}", i), static_cast<std::size_t>(i) % daemons);
    }
    for (int i = 0; i < run.psql_writers; ++i)
        stage.add_worker("psql", fmt::format("psql-{}", i), std::nullopt);
}

// Breaks something whenever the log has grown a little; the daemon and the server at fixed parts of the run.
void break_things(Stage& stage, EventsRun const& run, EventsOutcome& outcome) {
    auto const begin = Clock::now();
    auto const part = [&] { return std::chrono::duration<double>(Clock::now() - begin) / run.length; };
    while (part() < 1.0) {
        stage.grows(100, std::chrono::milliseconds{1'500});
        if (run.kill_listeners) outcome.listeners_killed += stage.kill_listeners();
        auto const kills_due = part() < 0.25 ? 0U : part() < 0.7 ? 1U : 2U;
        if (run.kill_daemons && run.stage.daemons > 1 && outcome.daemons_killed < kills_due) {
            stage.kill_daemon(outcome.daemons_killed % 2);
            outcome.daemons_killed += 1;
        }
        if (run.crash_server && outcome.servers_crashed == 0 && part() > 0.45) {
            stage.crash_server();
            outcome.servers_crashed += 1;
        }
        test::eventually([&] { return part() >= 1.0; }, std::chrono::milliseconds{400});
    }
}

bool is_writer(Stage::Worker const& worker) {
    return worker.mode == "append" || worker.mode == "psql";
}

// Waits for the end of all writers or of all subscribers. One more event now and then lets a subscriber that
// missed the last of the run learn that it has ended.
void expect_end(Stage& stage, EventsRun const& run, bool writers, EventsOutcome& outcome) {
    auto next_event = Clock::now();
    auto const ended = [&] {
        bool all = true;
        for (auto const& worker : stage.workers()) {
            if (is_writer(*worker) == writers && worker->process.running()) all = false;
        }
        if (!all && !writers && Clock::now() >= next_event) {
            stage.append_one();
            next_event = Clock::now() + std::chrono::milliseconds{500};
        }
        return all;
    };
    test::eventually(ended, run.end_limit);
    for (auto const& worker : stage.workers()) {
        if (is_writer(*worker) != writers) continue;
        auto const end = worker->process.wait(std::chrono::milliseconds{0});
        if (end && end->status == 0) continue;
        outcome.complaints.push_back(fmt::format("{} {}: {}", worker->name, end ? "failed" : "did not end",
                                                 stage.complaints(*worker)));
    }
}

void gather(Stage& stage, std::int64_t head, EventsOutcome& outcome) {
    EventsEvidence evidence;
    evidence.log = stage.log_until(head);
    for (auto const& worker : stage.workers()) {
        auto const lines = stage.history(*worker);
        if (is_writer(*worker)) {
            auto const acknowledged = seen_events(lines, "acked");
            evidence.acknowledged.insert(evidence.acknowledged.end(), acknowledged.begin(),
                                         acknowledged.end());
            outcome.repeated +=
                static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [](Json const& line) {
                    return line.value("did", "") == "failed";
                }));
            continue;
        }
        SubscriberHistory subscriber{.name = worker->name, .after = 0, .seen = seen_events(lines, "saw")};
        // What was written after the head was read belongs to no run.
        std::erase_if(subscriber.seen, [head](SeenEvent const& event) { return event.seq > head; });
        evidence.subscribers.push_back(std::move(subscriber));
    }
    outcome.findings = check_events(evidence);
    outcome.acknowledged = evidence.acknowledged.size();
    outcome.subscribers = evidence.subscribers.size();
    outcome.logged = static_cast<std::int64_t>(evidence.log.size());
}

}  // namespace

std::string EventsOutcome::text() const {
    return fmt::format(
        "{} events in the log, {} acknowledged, {} tries without answer, {} subscribers; broken: {} listener"
        " connections, {} daemons, {} servers\n{}{}{}",
        logged, acknowledged, repeated, subscribers, listeners_killed, daemons_killed, servers_crashed,
        findings.text(), fmt::join(differences, "\n"), fmt::join(complaints, "\n"));
}

EventsOutcome run_events(EventsRun run) {
    EventsOutcome outcome;
    Stage stage{run.stage};
    add_workers(stage, run);
    break_things(stage, run, outcome);
    stage.tell_writers_to_stop();
    expect_end(stage, run, true, outcome);
    auto const head = stage.head();
    stage.tell_subscribers_the_end(head);
    expect_end(stage, run, false, outcome);
    gather(stage, head, outcome);
    outcome.differences = stage.projection_differences();
    return outcome;
}

}  // namespace fleet::fault
