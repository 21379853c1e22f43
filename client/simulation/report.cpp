#include "simulation/report.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fleet::simulation {
namespace {

constexpr std::size_t faults_told_max = 40;

double rate(std::size_t count, Millis took, double seconds) {
    if (took.count() == 0) return 0;
    auto const each = static_cast<double>(count) * 1'000.0 / static_cast<double>(took.count());
    return std::round(each * seconds * 10) / 10;
}

Json counts_json(Findings const& found) {
    Counts const& counts = found.ledger.counts;
    return Json{{"conflicts", counts.conflicts},
                {"deadlocks", counts.deadlocks},
                {"retries", counts.retries},
                {"blocks", counts.blocks},
                {"crashes", counts.crashes},
                {"comebacks", counts.comebacks},
                {"leases_lost_while_at_work", counts.lapsed},
                {"messages_sent", counts.letters},
                {"messages_acknowledged", counts.acks},
                {"messages_lost", found.audit.lost_messages()},
                {"messages_bounced", found.audit.bounced_messages()},
                {"failed_orders", counts.failed_orders},
                {"repeated_while_away", counts.repeated},
                {"events", found.audit.events()}};
}

Json operations_json(Ledger const& ledger) {
    Json all = Json::object();
    for (auto const& [name, samples] : ledger.times()) all[name] = samples.summary();
    return all;
}

std::vector<Check> checks_of(Findings const& found) {
    auto const work = found.audit.work_faults().size();
    auto const lost = found.audit.lost_messages();
    auto const deadlocks = found.ledger.counts.deadlocks;
    auto const told = found.ledger.faults().size();
    bool const equal = flag_or(found.verified, "ok", false);
    auto many = [](auto count) { return fmt::format("{} found", count); };
    return {{"every sortie, mission and work order ended exactly once, with one pilot at a time", work == 0,
             many(work)},
            {"every message was read by each of its recipients", lost == 0, fmt::format("{} unread", lost)},
            {"no deadlock", deadlocks == 0, many(deadlocks)},
            {"no file was held twice, and nothing else went wrong for a pilot", told == 0, many(told)},
            {"the state is what the log says (replay)", equal,
             equal ? "equal" : json_text(found.verified).substr(0, 300)}};
}

std::string times_line(std::string const& name, Json const& times) {
    return fmt::format("  {:28} {:>7} {:>9.1f} {:>9.1f} {:>9.1f}", name, number_or(times, "count", 0),
                       times.value("p50_ms", 0.0), times.value("p95_ms", 0.0), times.value("p99_ms", 0.0));
}

}  // namespace

bool Report::ok() const {
    return std::all_of(checks.begin(), checks.end(), [](Check const& check) { return check.ok; });
}

Report make_report(Findings const& found) {
    Report report;
    report.project = found.project;
    report.took = found.took;
    report.checks = checks_of(found);
    for (auto const& some : {found.ledger.faults(), found.audit.work_faults(), found.audit.mail_faults()})
        report.faults.insert(report.faults.end(), some.begin(), some.end());
    // A run that went wrong altogether has one cause and thousands of faults.
    if (report.faults.size() > faults_told_max) report.faults.resize(faults_told_max);
    auto const& options = found.plan.options;
    auto const commands = static_cast<std::size_t>(found.ledger.counts.commands);
    Json checks = Json::array();
    for (auto const& check : report.checks)
        checks.push_back(Json{{"check", check.name}, {"ok", check.ok}, {"found", check.found}});
    report.figures = Json{{"ok", report.ok()},
                          {"project", report.project},
                          {"seed", options.seed},
                          {"hosts", found.hosts},
                          {"pilots", options.pilots},
                          {"missions", found.plan.missions.size()},
                          {"sorties", found.plan.sorties.size()},
                          {"orders", found.plan.orders.size()},
                          {"took_ms", found.took.count()},
                          {"sorties_per_minute", rate(found.plan.sorties.size(), found.took, 60)},
                          {"missions_per_hour", rate(found.plan.missions.size(), found.took, 3'600)},
                          {"commands", commands},
                          {"commands_per_second", rate(commands, found.took, 1)},
                          {"ready_to_claimed", found.ledger.ready_to_claimed().summary()},
                          {"silent_to_pending_again", found.ledger.recoveries().summary()},
                          {"operations", operations_json(found.ledger)},
                          {"counts", counts_json(found)},
                          {"checks", checks},
                          {"faults", report.faults}};
    return report;
}

std::vector<std::string> lines_of(Report const& report) {
    Json const& all = report.figures;
    Json const& counts = all.at("counts");
    auto count = [&](char const* name) { return number_or(counts, name, 0); };
    std::vector<std::string> lines;
    lines.push_back(fmt::format(
        "{}: {} pilots on {} host(s), {} missions, {} sorties, {} work orders, seed {}", report.project,
        number_or(all, "pilots", 0), number_or(all, "hosts", 1), number_or(all, "missions", 0),
        number_or(all, "sorties", 0), number_or(all, "orders", 0), number_or(all, "seed", 0)));
    lines.push_back(
        fmt::format("{:.1f} s: {:.0f} sorties/min, {:.0f} missions/h, {} commands ({:.0f}/s), {} events",
                    static_cast<double>(report.took.count()) / 1'000, all.value("sorties_per_minute", 0.0),
                    all.value("missions_per_hour", 0.0), number_or(all, "commands", 0),
                    all.value("commands_per_second", 0.0), count("events")));
    lines.push_back(fmt::format(
        "{} conflicts over files, {} deadlocks, {} retries, {} blocks, {} crashes, {} leases lost at work",
        count("conflicts"), count("deadlocks"), count("retries"), count("blocks"), count("crashes"),
        count("leases_lost_while_at_work")));
    lines.push_back(fmt::format("{} messages, {} acknowledged, {} bounced, {} lost", count("messages_sent"),
                                count("messages_acknowledged"), count("messages_bounced"),
                                count("messages_lost")));
    lines.emplace_back();
    lines.push_back(
        fmt::format("  {:28} {:>7} {:>9} {:>9} {:>9}", "milliseconds", "count", "p50", "p95", "p99"));
    lines.push_back(times_line("ready → claimed", all.at("ready_to_claimed")));
    if (number_or(all.at("silent_to_pending_again"), "count", 0) > 0)
        lines.push_back(times_line("fell silent → pending again", all.at("silent_to_pending_again")));
    for (auto const& [name, times] : all.at("operations").items()) lines.push_back(times_line(name, times));
    lines.emplace_back();
    return lines;
}

}  // namespace fleet::simulation
