// fleet prime: what an agent needs to go on.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <cstdio>

namespace fleet::cli {
namespace {

struct PrimeFlags {
    std::string mission{};
    std::int64_t budget = 2'000;
};

int prime(Context& context, PrimeFlags const& flags) {
    Json args{{"project", context.require_project()}, {"budget", flags.budget}};
    put(args, "callsign", context.callsign());
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    Json answer = context.call("briefing", std::move(args));
    context.screen().document(answer);
    if (context.is_json()) return 0;
    auto const text = text_or(answer, "text", "");
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    if (flag_or(answer, "over_budget", false))
        context.screen().note(
            fmt::format("about {} tokens: rulings and fencing tokens alone take more than {}",
                        number_or(answer, "tokens", 0), flags.budget));
    return 0;
}

}  // namespace

void add_prime(Menu& menu) {
    auto flags = std::make_shared<PrimeFlags>();
    auto& app = menu.command("prime", "What an agent needs to go on, as Markdown for its context", "Project",
                             [flags](Context& context) { return prime(context, *flags); });
    app.add_option("--budget", flags->budget, "At most so many tokens; default 2000")
        ->type_name("TOKENS")
        ->check(CLI::Range(100, 1'000'000));
    app.add_option("--mission", flags->mission, "About this mission; default: that of your work")
        ->type_name("MISSION");
    app.footer(
        "\nRulings of operators and fencing tokens are never left out. --json gives the facts, too.\n");
}

}  // namespace fleet::cli
