// fleet simulate: a fleet of scripted pilots on the real daemon.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"
#include "simulation/report.hpp"
#include "simulation/runner.hpp"

#include <boost/asio/co_spawn.hpp>

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace fleet::cli {
namespace {

constexpr std::chrono::seconds line_pause{10};

struct SimulateFlags {
    simulation::PlanOptions plan{};
    simulation::Pace pace{};
    std::string speed = "10";
    std::string limit = "30m";
    std::string go_on{};
    std::vector<std::string> hosts{};
};

double speed_flag(std::string const& text) {
    if (text == "max") return 0;
    double speed = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
    if (error == std::errc{} && end == text.data() + text.size() && speed > 0 && speed <= 1'000'000)
        return speed;
    refuse(ErrorCode::usage, fmt::format("--speed {} is not a speed", text),
           "Write how many times faster than life, for example 10, or max.", "--speed");
}

simulation::RunOptions run_options(Context& context, SimulateFlags const& flags) {
    simulation::RunOptions options;
    options.plan = flags.plan;
    options.pace = flags.pace;
    options.pace.speed = speed_flag(flags.speed);
    // A loaded machine answers late: what is merely slow must not lose its lease.
    if (options.pace.lease_seconds == 0) options.pace.lease_seconds = std::max(5, flags.plan.pilots / 20);
    options.limit = duration_flag(flags.limit, "--limit");
    options.project = flags.go_on;
    for (auto const& host : flags.hosts) {
        ClientOptions client;
        client.endpoint = host.find(':') == std::string::npos ? "unix:" + host : host;
        options.hosts.push_back(std::move(client));
    }
    if (options.hosts.empty()) options.hosts.push_back(context.client().options());
    return options;
}

std::string progress_words(simulation::Progress const& progress) {
    auto words = fmt::format("{}: {} of {} sorties", progress.doing, progress.sorties_done, progress.sorties);
    if (progress.orders > 0)
        words += fmt::format(", {} of {} work orders", progress.orders_done, progress.orders);
    words += fmt::format(", {} commands", progress.commands);
    if (progress.crashes > 0) words += fmt::format(", {} silent", progress.crashes);
    return words + " …";
}

void tell(Context& context, simulation::Report const& report) {
    auto& screen = context.screen();
    for (auto const& line : simulation::lines_of(report)) screen.say(line);
    for (auto const& check : report.checks) {
        auto const sign = check.ok ? screen.style()(Ink::green, "✓") : screen.style()(Ink::red, "✗");
        screen.say(check.ok ? fmt::format("{} {}", sign, check.name)
                            : fmt::format("{} {}: {}", sign, check.name, check.found));
    }
    for (auto const& fault : report.faults) screen.say("  " + printable(fault));
    screen.note(fmt::format("look: fleet --project {0} board --all, fleet --project {0} mail search \"look\","
                            "\n      fleet --project {0} events list --limit 50",
                            report.project));
}

int simulate(Context& context, SimulateFlags const& flags) {
    auto options = run_options(context, flags);
    auto& screen = context.screen();
    std::string doing;
    auto told = std::chrono::steady_clock::time_point{};
    auto on_progress = [&](simulation::Progress const& progress) {
        auto const now = std::chrono::steady_clock::now();
        // Elsewhere than on a terminal each remark is a line of its own.
        bool const soon = progress.doing == doing && now - told < line_pause;
        if (soon && !screen.is_terminal()) return;
        doing = progress.doing;
        told = now;
        screen.passing(progress_words(progress));
    };
    simulation::Runner runner(context.loop().get_executor(), std::move(options), on_progress);
    std::optional<Result<simulation::Report>> outcome;
    std::exception_ptr broken;
    auto finished = [&](std::exception_ptr failure, Result<simulation::Report> report) {
        broken = failure;
        outcome = std::move(report);
    };
    asio::co_spawn(context.loop(), runner.run(), finished);
    context.on_interrupt([&] { runner.stop(); });
    context.run_while([&] { return !outcome.has_value(); });
    context.on_interrupt({});
    screen.passing("");
    if (broken) std::rethrow_exception(broken);
    auto const report = must(std::move(*outcome));
    screen.document(report.figures);
    tell(context, report);
    return report.ok() ? 0 : 1;
}

}  // namespace

void add_simulate(Menu& menu) {
    auto flags = std::make_shared<SimulateFlags>();
    flags->pace.lease_seconds = 0;
    auto& app = menu.command("simulate", "Play a fleet of scripted pilots in a project of its own",
                             "Services", [flags](Context& context) { return simulate(context, *flags); });
    auto& plan = flags->plan;
    CLI::Range const share(0.0, 1.0);
    app.add_option("--pilots", plan.pilots, "How many")->check(CLI::Range(2, 1'000))->capture_default_str();
    app.add_option("--missions", plan.missions)->check(CLI::Range(0, 10'000))->capture_default_str();
    app.add_option("--sorties-per-mission", plan.sorties_per_mission)
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--orders", plan.orders, "Work orders beside the missions")
        ->check(CLI::Range(0, 100'000))
        ->capture_default_str();
    app.add_option("--seed", plan.seed, "The same seed wants the same")->capture_default_str();
    app.add_option("--speed", flags->speed, "How many times faster than life they work, or max")
        ->type_name("X")
        ->capture_default_str();
    app.add_option("--hosts", flags->hosts, "Sockets of daemons to spread the pilots over")
        ->type_name("SOCKET");
    app.add_option("--crash-rate", plan.crash_rate, "Share of attempts in which a pilot falls silent")
        ->check(share)
        ->capture_default_str();
    app.add_option("--talk-rate", plan.talk_rate, "Share in which it writes to others")
        ->check(share)
        ->capture_default_str();
    app.add_option("--collide-rate", plan.collide_rate, "Share of sorties that want a common file")
        ->check(share)
        ->capture_default_str();
    app.add_option("--lease", flags->pace.lease_seconds, "Lease of sorties; 0: by the size of the fleet")
        ->check(CLI::Range(0, 3'600))
        ->type_name("SECONDS")
        ->capture_default_str();
    app.add_option("--go-on", flags->go_on,
                   "Finish a run of the same seed and size that broke off: its project")
        ->type_name("PROJECT");
    app.add_option("--limit", flags->limit, "When to give up")->type_name("TIME")->capture_default_str();
}

}  // namespace fleet::cli
