#include "simulation/plan.hpp"

#include "simulation/dice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fleet::simulation {
namespace {

constexpr int attempts_that_may_go_wrong = 2;

std::vector<std::string> const callsign_words{"viper",  "falcon", "raven",  "lynx",  "otter", "heron",
                                              "cobra",  "merlin", "osprey", "puma",  "swift", "kestrel",
                                              "badger", "condor", "marlin", "jackal"};
std::vector<std::string> const programs{"claude-code", "codex", "opencode"};
std::vector<std::string> const models{"large", "medium", "small"};
std::vector<std::string> const usual_priorities{"low", "medium", "medium", "medium", "high", "critical"};
std::vector<std::string> const usual_importances{"low", "normal", "normal", "normal", "high", "urgent"};
std::vector<std::string> const goals{"Move billing to cents", "Translate the shop", "Speed up the search",
                                     "Renew the login",       "Retire the old API",   "Add an audit trail"};
std::vector<std::string> const parts{"schema", "parser", "service", "screens", "tests", "docs", "metrics"};
std::vector<std::string> const order_kinds{"index", "lint", "translate", "thumbnail"};

PlannedSortie draw_sortie(PlanOptions const& options, std::size_t mission, std::size_t nth,
                          std::size_t index) {
    Dice dice(options.seed, "sortie", index);
    PlannedSortie sortie;
    sortie.mission = mission;
    sortie.title = fmt::format("{} {}", parts[nth % parts.size()], nth + 1);
    sortie.priority = dice.one_of(usual_priorities);
    sortie.complexity = dice.between(1, 5);
    sortie.files.push_back(fmt::format("src/mission{}/part{}/**", mission, nth));
    // Few enough that two pilots often want one of them, enough that not everybody waits.
    if (dice.chance(options.collide_rate))
        sortie.files.push_back(fmt::format("shared/module{}.cpp", dice.below(4)));
    if (nth == 0) return sortie;
    std::size_t const first_of_mission = index - nth;
    std::size_t const wanted = dice.below(std::min<std::size_t>(nth, 3) + 1);
    for (std::size_t i = 0; i < wanted; ++i) {
        Dependency dependency;
        dependency.sortie = first_of_mission + dice.below(nth);
        dependency.settled = dice.chance(0.2);
        auto is_same = [&](Dependency const& other) { return other.sortie == dependency.sortie; };
        if (std::none_of(sortie.depends_on.begin(), sortie.depends_on.end(), is_same))
            sortie.depends_on.push_back(dependency);
    }
    sortie.any = sortie.depends_on.size() > 1 && dice.chance(0.2);
    return sortie;
}

PlannedOrder draw_order(PlanOptions const& options, std::size_t index) {
    Dice dice(options.seed, "order", index);
    PlannedOrder order;
    order.kind = dice.one_of(order_kinds);
    order.priority = dice.one_of(usual_priorities);
    order.failures = dice.chance(options.fail_rate) ? 1 : 0;
    if (index > 0 && dice.chance(0.2)) order.depends_on.push_back(dice.below(index));
    return order;
}

Millis draw_length(Dice& dice, int complexity) {
    return Millis(dice.between(500, 1'500) * complexity);
}

}  // namespace

Plan make_plan(PlanOptions options) {
    Plan plan;
    plan.options = options;
    for (std::size_t i = 0; i < static_cast<std::size_t>(options.pilots); ++i) {
        Dice dice(options.seed, "pilot", i);
        auto const& word = callsign_words[i % callsign_words.size()];
        auto const callsign = fmt::format("{}-{}", word, i / callsign_words.size() + 1);
        auto const& program = dice.one_of(programs);
        plan.pilots.push_back({callsign, program, dice.one_of(models)});
    }
    for (std::size_t m = 0; m < static_cast<std::size_t>(options.missions); ++m) {
        Dice dice(options.seed, "mission", m);
        PlannedMission mission;
        mission.title = fmt::format("{} ({})", dice.one_of(goals), m + 1);
        mission.priority = dice.one_of(usual_priorities);
        for (std::size_t n = 0; n < static_cast<std::size_t>(options.sorties_per_mission); ++n) {
            mission.sorties.push_back(plan.sorties.size());
            plan.sorties.push_back(draw_sortie(options, m, n, plan.sorties.size()));
        }
        plan.missions.push_back(std::move(mission));
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(options.orders); ++i)
        plan.orders.push_back(draw_order(options, i));
    return plan;
}

std::vector<Step> script_of(Plan const& plan, std::size_t sortie, int attempt) {
    auto const& options = plan.options;
    Dice dice(options.seed, "attempt", sortie, static_cast<std::uint64_t>(attempt));
    bool const may_go_wrong = attempt <= attempts_that_may_go_wrong;
    bool const crashes = may_go_wrong && dice.chance(options.crash_rate);
    bool const fails = may_go_wrong && !crashes && dice.chance(options.fail_rate);
    bool const blocks = dice.chance(options.block_rate);
    int const pieces = dice.between(1, 3);
    int const ends_after = crashes || fails ? dice.between(0, pieces) : pieces;
    int const talks_after = dice.chance(options.talk_rate) ? dice.between(0, pieces) : -1;

    std::vector<Step> steps{{Act::reserve, Millis{}, 0}};
    for (int piece = 0; piece <= ends_after; ++piece) {
        if (piece == talks_after) steps.push_back({Act::talk, Millis{}, 0});
        if (piece == ends_after) break;
        steps.push_back({Act::work, draw_length(dice, plan.sorties[sortie].complexity), 0});
        if (blocks && piece == 0) steps.push_back({Act::block, draw_length(dice, 1), 0});
        steps.push_back({Act::progress, Millis{}, 100 * (piece + 1) / (pieces + 1)});
    }
    Act const last = crashes ? Act::crash : fails ? Act::fail : Act::complete;
    steps.push_back({last, Millis{}, 0});
    return steps;
}

Letter letter_of(Plan const& plan, std::size_t writer, std::size_t number) {
    Dice dice(plan.options.seed, "letter", writer, number);
    Letter letter;
    auto const wanted = std::min<std::size_t>(1 + dice.below(3), plan.pilots.size() - 1);
    while (letter.to.size() < wanted) {
        auto const reader = dice.below(plan.pilots.size());
        bool const known = std::find(letter.to.begin(), letter.to.end(), reader) != letter.to.end();
        if (reader != writer && !known) letter.to.push_back(reader);
    }
    letter.importance = dice.one_of(usual_importances);
    letter.wants_ack = dice.chance(0.25);
    letter.subject = fmt::format("{} #{}", dice.one_of(parts), number + 1);
    letter.body = fmt::format("{} has touched {}: please look before you go on.",
                              plan.pilots[writer].callsign, dice.one_of(parts));
    return letter;
}

bool answers(Plan const& plan, std::size_t reader, std::string const& subject) {
    if (subject.starts_with("Re: ")) return false;
    Dice dice(plan.options.seed, "answer " + subject, reader);
    return dice.chance(0.2);
}

bool is_ready(Plan const& plan, std::size_t sortie, std::vector<bool> const& done) {
    auto const& planned = plan.sorties[sortie];
    if (done[sortie]) return false;
    if (planned.depends_on.empty()) return true;
    auto is_done = [&](Dependency const& dependency) { return done[dependency.sortie]; };
    auto const& needs = planned.depends_on;
    if (planned.any) return std::any_of(needs.begin(), needs.end(), is_done);
    return std::all_of(needs.begin(), needs.end(), is_done);
}

std::vector<std::size_t> ready_sorties(Plan const& plan, std::vector<bool> const& done) {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < plan.sorties.size(); ++i) {
        if (is_ready(plan, i, done)) ready.push_back(i);
    }
    return ready;
}

}  // namespace fleet::simulation
