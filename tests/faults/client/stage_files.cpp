#include "fault/runs.hpp"
#include "support/eventually.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fleet::fault {

namespace {

using Clock = std::chrono::steady_clock;

void add_pilots(Stage& stage, FilesRun const& run) {
    for (int i = 0; i < run.workers; ++i) {
        auto const name = fmt::format("pilot-{}", i);
        auto const daemon = static_cast<std::size_t>(i % run.stage.daemons);
        auto const answer = stage.daemon(daemon).call(
            "POST", "/api/v1/pilots", {{"callsign", name}, {"program", "fault-worker"}, {"model", "none"}},
            {{"Fleet-Project", "shop"}});
        if (answer.status >= 300) throw std::runtime_error{"cannot register " + name + ": " + answer.body};
        stage.add_worker("reserve", name, daemon, run.rounds);
    }
}

// Kills a worker whenever the log has grown a little, until all have ended by themselves.
void break_things(Stage& stage, FilesRun const& run, FilesOutcome& outcome) {
    auto const deadline = Clock::now() + run.limit;
    std::mt19937 random{7};
    auto& workers = stage.workers();
    auto const ended = [&] {
        return std::none_of(workers.begin(), workers.end(),
                            [](auto const& worker) { return worker->process.running(); });
    };
    while (!ended() && Clock::now() < deadline) {
        stage.grows(run.rounds / 2, std::chrono::milliseconds{1'000});
        auto& victim = *workers[random() % workers.size()];
        if (run.kill_workers && victim.process.running()) {
            stage.kill_worker(victim);
            stage.start_again(victim);
            outcome.workers_killed += 1;
        }
        if (run.kill_daemon && outcome.daemons_killed == 0 && outcome.workers_killed >= 5) {
            stage.kill_daemon(0);
            outcome.daemons_killed += 1;
        }
    }
    for (auto const& worker : workers) {
        auto const end = worker->process.wait(std::chrono::milliseconds{0});
        if (end && end->status == 0) continue;
        outcome.complaints.push_back(fmt::format("{} {}: {}", worker->name, end ? "failed" : "did not end",
                                                 stage.complaints(*worker)));
    }
}

void count(std::vector<Json> const& lines, FilesOutcome& outcome) {
    for (auto const& line : lines) {
        auto const did = line.value("did", "");
        if (did == "round") outcome.rounds += 1;
        if (did == "granted") outcome.granted += 1;
        if (did == "refused") outcome.conflicts += 1;
        if (did == "accepted") outcome.accepted += 1;
        if (did == "rejected") outcome.rejected += 1;
        if (did == "failed") outcome.failed += 1;
    }
}

}  // namespace

std::string FilesOutcome::text() const {
    return fmt::format(
        "{} rounds: {} granted ({} lapsed ones displaced), {} conflicts, tokens accepted {} and rejected {}"
        " times, {} without a clear answer; broken: {} workers, {} daemons\n{}{}{}",
        rounds, granted, displaced, conflicts, accepted, rejected, failed, workers_killed, daemons_killed,
        findings.text(), fmt::join(differences, "\n"), fmt::join(complaints, "\n"));
}

FilesOutcome run_files(FilesRun run) {
    FilesOutcome outcome;
    Stage stage{run.stage};
    add_pilots(stage, run);
    break_things(stage, run, outcome);
    FilesEvidence evidence;
    for (auto const& worker : stage.workers()) {
        auto const lines = stage.history(*worker);
        count(lines, outcome);
        for (auto& hold : holds_of(worker->name, lines)) evidence.holds.push_back(std::move(hold));
    }
    evidence.log = stage.logged_reservations();
    outcome.displaced =
        static_cast<std::size_t>(std::count_if(evidence.log.begin(), evidence.log.end(),
                                               [](auto const& event) { return event.cause == "expired"; }));
    outcome.findings = check_files(evidence);
    outcome.differences = stage.projection_differences();
    return outcome;
}

}  // namespace fleet::fault
