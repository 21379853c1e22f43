#include "fault/runs.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::fault {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t batch = 200;

std::vector<std::string> make_sorties(Stage& stage, std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t first = 0; first < count; first += batch) {
        Json requests = Json::array();
        for (std::size_t i = first; i < std::min(count, first + batch); ++i) {
            ids.push_back(new_id("srt"));
            Json args{{"sortie_id", ids.back()}, {"title", fmt::format("piece {}", i)}};
            requests.push_back(test::request("create_sortie", args));
        }
        auto const made = stage.ask([&](test::Postgres& admin) {
            return admin.number("select count(*) from fleet.act($1::jsonb) a where a.ok",
                                {json_text(requests)});
        });
        if (made != static_cast<std::int64_t>(requests.size()))
            throw std::runtime_error{"sorties were refused"};
    }
    return ids;
}

std::vector<LoggedSortie> logged_sorties(Stage& stage) {
    return stage.ask([](test::Postgres& admin) {
        std::vector<LoggedSortie> log;
        for (auto const& row : admin.rows("select seq, type, stream_id from fleet_log.events"
                                          " where stream_type = 'sortie' order by seq")) {
            log.push_back(
                {.seq = std::stoll(row[0].value()), .type = row[1].value(), .sortie = row[2].value()});
        }
        return log;
    });
}

bool all_ended(Stage& stage) {
    auto& workers = stage.workers();
    return std::none_of(workers.begin(), workers.end(),
                        [](auto const& worker) { return worker->process.running(); });
}

void break_things(Stage& stage, ClaimsRun const& run, ClaimsOutcome& outcome) {
    auto const deadline = Clock::now() + run.limit;
    std::mt19937 random{11};
    auto& workers = stage.workers();
    while (!all_ended(stage) && Clock::now() < deadline) {
        stage.grows(static_cast<std::int64_t>(run.sorties) / 10, std::chrono::milliseconds{1'000});
        auto& victim = *workers[random() % workers.size()];
        if (!run.kill_workers || !victim.process.running()) continue;
        // No more kills once nothing but leases is waited for.
        if (outcome.workers_killed >= run.kills_max) continue;
        stage.kill_worker(victim);
        stage.start_again(victim);
        outcome.workers_killed += 1;
    }
    for (auto const& worker : workers) {
        auto const end = worker->process.wait(std::chrono::milliseconds{0});
        if (end && end->status == 0) continue;
        outcome.complaints.push_back(fmt::format("{} {}: {}", worker->name, end ? "failed" : "did not end",
                                                 stage.complaints(*worker)));
    }
}

}  // namespace

std::string ClaimsOutcome::text() const {
    return fmt::format(
        "{} sorties: {} claims, {} acts accepted, {} rejected, {} came back to the queue; {} workers killed; "
        "{} s\n"
        "{}{}{}",
        sorties, claimed, accepted, rejected, requeued, workers_killed, took.count(), findings.text(),
        fmt::join(differences, "\n"), fmt::join(complaints, "\n"));
}

ClaimsOutcome run_claims(ClaimsRun run) {
    ClaimsOutcome outcome;
    run.stage.daemon_environment["FLEET_SWEEP_PAUSE"] = "1";
    Stage stage{run.stage};
    ClaimsEvidence evidence;
    evidence.sorties = make_sorties(stage, run.sorties);
    outcome.sorties = evidence.sorties.size();
    auto const began = Clock::now();
    for (int i = 0; i < run.workers; ++i) {
        auto const daemon = static_cast<std::size_t>(i % run.stage.daemons);
        stage.add_worker("claim", fmt::format("claimer-{}", i), daemon);
    }
    break_things(stage, run, outcome);
    outcome.took = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began);
    for (auto const& worker : stage.workers()) {
        auto const lines = stage.history(*worker);
        for (auto const& line : lines) {
            auto const did = line.value("did", "");
            if (did == "claimed") outcome.claimed += 1;
            if (did == "rejected") outcome.rejected += 1;
        }
        for (auto& act : accepted_acts(worker->name, lines)) evidence.accepted.push_back(std::move(act));
    }
    outcome.accepted = evidence.accepted.size();
    evidence.log = logged_sorties(stage);
    outcome.requeued = static_cast<std::size_t>(
        std::count_if(evidence.log.begin(), evidence.log.end(),
                      [](auto const& event) { return event.type == "sortie_requeued"; }));
    outcome.findings = check_claims(evidence);
    outcome.differences = stage.projection_differences();
    return outcome;
}

SimulationOutcome run_simulation(SimulationRun run) {
    run.stage.daemon_environment["FLEET_SWEEP_PAUSE"] = "1";
    Stage stage{run.stage};
    test::TempFolder folder;
    test::Command command;
    command.words = {FLEET_TEST_FLEET, "simulate", "--json", "--seed", "7", "--speed", "max", "--lease", "5"};
    auto const with = [&](char const* flag, int value) {
        command.words.insert(command.words.end(), {flag, std::to_string(value)});
    };
    with("--pilots", run.pilots);
    with("--missions", run.missions);
    with("--sorties-per-mission", run.sorties_per_mission);
    with("--orders", run.orders);
    command.words.push_back("--hosts");
    for (int i = 0; i < run.stage.daemons; ++i)
        command.words.push_back(stage.daemon(static_cast<std::size_t>(i)).socket());
    command.environment = stage.daemon(0).environment();
    command.output = folder.path() / "out";
    command.errors = folder.path() / "err";
    test::Process process{command};

    SimulationOutcome outcome;
    // In the middle of the work: some sorties are done, most are not.
    auto const is_under_way = [&] {
        return stage.ask([](test::Postgres& admin) {
            return admin.number("select count(*) from fleet_log.events where type = 'sortie_completed'");
        }) >= run.kill_after;
    };
    if (test::eventually(is_under_way, run.limit)) {
        stage.kill_daemon(0);
        outcome.daemons_killed += 1;
    }
    auto const ended = process.wait(run.limit);
    outcome.status = ended ? ended->status : -1;
    auto const text = test::read_text(command.output);
    auto figures = parse_json(text);
    if (figures) outcome.figures = *figures;
    outcome.complaints = test::read_text(command.errors) + text;
    return outcome;
}

}  // namespace fleet::fault
