// fleet budget, fleet prices: how much may be used, and what it costs.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/money.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct BudgetFlags {
    std::string pilot{};
    std::string mission{};
    bool day = false;
    std::string tokens{};
    std::string cost{};
    int warn = 80;
    std::string reason{};
    bool removed = false;
};

struct PriceFlags {
    std::string model{};
    std::string from{};
    std::string input{};
    std::string output{};
    std::string cache_read{};
    std::string cache_write{};
};

void ask_as_operator(Context& context) {
    if (context.globals().callsign.empty()) context.ask_as_user();
}

Json scope_of(Context& context, BudgetFlags const& flags) {
    if (!flags.pilot.empty() && !flags.mission.empty())
        refuse(ErrorCode::usage, "a budget has one scope",
               "Name --pilot or --mission; without either it is the project's.");
    Json args{{"project", context.require_project()}, {"period", flags.day ? "day" : "total"}};
    args["scope_kind"] = !flags.pilot.empty() ? "pilot" : !flags.mission.empty() ? "mission" : "project";
    if (!flags.pilot.empty()) args["scope_id"] = flags.pilot;
    if (!flags.mission.empty()) args["scope_id"] = id_of(context, mission_entity, flags.mission);
    put(args, "reason", flags.reason);
    return args;
}

std::string scope_words(Json const& budget) {
    auto const kind = text_or(budget, "scope_kind", "");
    if (kind == "project") return "project " + text_or(budget, "project", "");
    if (kind == "pilot") return "pilot " + text_or(budget, "scope_id", "");
    return fmt::format("mission {} {}", short_id(text_or(budget, "scope_id", "")),
                       text_or(budget, "scope_title", ""));
}

std::string period_words(Json const& budget) {
    return text_or(budget, "period", "") == "day" ? "a day" : "in all";
}

std::string figure_words(Json const& budget) {
    std::string words;
    if (budget.contains("limit_tokens"))
        words = fmt::format("{} of {} tokens", grouped(number_or(budget, "used_tokens", 0)),
                            grouped(number_or(budget, "limit_tokens", 0)));
    if (budget.contains("limit_micros"))
        words += fmt::format("{}{} of {}", words.empty() ? "" : ", ",
                             money_words(number_or(budget, "used_micros", 0)),
                             money_words(number_or(budget, "limit_micros", 0)));
    return words;
}

int set(Context& context, BudgetFlags const& flags) {
    ask_as_operator(context);
    Json args = scope_of(context, flags);
    if (flags.tokens.empty() && flags.cost.empty())
        refuse(ErrorCode::usage, "a budget limits tokens, money or both",
               "Give --tokens N, --cost AMOUNT, or both.");
    if (!flags.tokens.empty()) args["limit_tokens"] = tokens_flag(flags.tokens, "--tokens");
    if (!flags.cost.empty()) args["limit_micros"] = money_flag(flags.cost, "--cost");
    args["warn_percent"] = flags.warn;
    Json answer = context.call("budgets.set", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    screen.done(fmt::format("budget of {} {}: {} used; a warning at {} %, then a stop",
                            printable(scope_words(answer)), period_words(answer), figure_words(answer),
                            number_or(answer, "warn_percent", 0)));
    if (text_or(answer, "status", "") == "stopped")
        screen.note("  it is used up already: nothing is claimed, started or edited");
    if (auto unpriced = number_or(answer, "unpriced_calls", 0);
        unpriced > 0 && answer.contains("limit_micros"))
        screen.note(
            fmt::format("  {} call{} with no price: they count as nothing against money; limit tokens, too",
                        unpriced, unpriced == 1 ? " has come" : "s have come"));
    return 0;
}

int list(Context& context, BudgetFlags const& flags) {
    Json args = Json::object();
    if (auto key = context.project(); !key.empty()) args["project"] = key;
    if (flags.removed) args["status"] = "open,warned,stopped,removed";
    Json answer = context.call("budgets.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Table table({"SCOPE", "PERIOD", "STATUS", "USED", "", "WARN", "REASON"});
    for (Json const& one : answer.at("items")) {
        auto const status = text_or(one, "status", "");
        auto const ink = status == "stopped"   ? Ink::red
                         : status == "warned"  ? Ink::yellow
                         : status == "removed" ? Ink::dim
                                               : Ink::green;
        table.row({printable(scope_words(one)), period_words(one), screen.style()(ink, status),
                   fmt::format("{} %", number_or(one, "percent", 0)), figure_words(one),
                   fmt::format("{} %", number_or(one, "warn_percent", 0)),
                   printable(text_or(one, "reason", ""))});
    }
    screen.table(table, "no budgets");
    return 0;
}

int remove(Context& context, BudgetFlags const& flags) {
    ask_as_operator(context);
    Json answer = context.call("budgets.remove", scope_of(context, flags));
    context.screen().document(answer);
    context.screen().done(
        fmt::format("the budget of {} {} is removed", printable(scope_words(answer)), period_words(answer)));
    return 0;
}

int set_price(Context& context, PriceFlags const& flags) {
    ask_as_operator(context);
    Json args{{"model", flags.model},
              {"input_micros", money_flag(flags.input, "--input")},
              {"output_micros", money_flag(flags.output, "--output")}};
    put(args, "valid_from", flags.from);
    if (!flags.cache_read.empty()) args["cache_read_micros"] = money_flag(flags.cache_read, "--cache-read");
    if (!flags.cache_write.empty())
        args["cache_write_micros"] = money_flag(flags.cache_write, "--cache-write");
    Json answer = context.call("prices.set", std::move(args));
    context.screen().document(answer);
    context.screen().done(fmt::format("calls of {} from {} on are priced so; earlier ones keep their cost",
                                      printable(text_or(answer, "model", "")),
                                      text_or(answer, "valid_from", "")));
    return 0;
}

int list_prices(Context& context, PriceFlags const& flags) {
    Json args{{"limit", 1000}};
    put(args, "model", flags.model);
    Json answer = context.call("prices.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Table table({"MODEL", "FROM", "INPUT", "OUTPUT", "CACHE READ", "CACHE WRITE", "ORIGIN"});
    for (Json const& one : answer.at("items"))
        table.row({printable(text_or(one, "model", "")), text_or(one, "valid_from", ""),
                   price_words(number_or(one, "input_micros", 0)),
                   price_words(number_or(one, "output_micros", 0)),
                   price_words(number_or(one, "cache_read_micros", 0)),
                   price_words(number_or(one, "cache_write_micros", 0)), text_or(one, "origin", "")});
    screen.table(table, "no prices of that name");
    screen.note("  USD for a million tokens; your own come before those that are shipped");
    return 0;
}

int remove_price(Context& context, PriceFlags const& flags) {
    ask_as_operator(context);
    Json answer = context.call("prices.remove", {{"model", flags.model}, {"valid_from", flags.from}});
    context.screen().document(answer);
    context.screen().done(fmt::format("the price of {} from {} is removed",
                                      printable(text_or(answer, "model", "")),
                                      text_or(answer, "valid_from", "")));
    return 0;
}

void add_scope(CLI::App& app, BudgetFlags& flags) {
    app.add_option("--pilot", flags.pilot, "One pilot; without --pilot and --mission: the project")
        ->type_name("CALLSIGN");
    app.add_option("--mission", flags.mission, "One mission")->type_name("MISSION");
    app.add_flag("--day", flags.day, "Each day (UTC); otherwise in all");
    app.add_option("--reason", flags.reason, "Why")->type_name("TEXT");
}

void add_prices(Menu& menu) {
    auto& group = menu.group("prices", "What models cost", "Safety");
    auto made = std::make_shared<PriceFlags>();
    auto& setting = menu.command(group, "set", "Say what a model costs, in USD for a million tokens",
                                 [made](Context& context) { return set_price(context, *made); });
    setting.add_option("model", made->model, "Name of the model")->required()->type_name("MODEL");
    setting.add_option("--input", made->input, "Tokens given")->required()->type_name("AMOUNT");
    setting.add_option("--output", made->output, "Tokens that come back")->required()->type_name("AMOUNT");
    setting.add_option("--cache-read", made->cache_read, "Tokens read from a cache; default as input")
        ->type_name("AMOUNT");
    setting.add_option("--cache-write", made->cache_write, "Tokens written to one; default as input")
        ->type_name("AMOUNT");
    setting.add_option("--from", made->from, "First day (UTC), as 2026-01-31; default today")
        ->type_name("DAY");
    setting.footer("\nExample: fleet prices set my-model --input 1.25 --output 10 --cache-read 0.125\n");
    auto wanted = std::make_shared<PriceFlags>();
    auto& listing = menu.command(group, "list", "Prices, your own and those that are shipped",
                                 [wanted](Context& context) { return list_prices(context, *wanted); });
    listing.alias("ls");
    listing.add_option("model", wanted->model, "Part of a name")->type_name("MODEL");
    auto gone = std::make_shared<PriceFlags>();
    auto& ending = menu.command(group, "remove", "Take a price of your own back",
                                [gone](Context& context) { return remove_price(context, *gone); });
    ending.add_option("model", gone->model, "Name of the model")->required()->type_name("MODEL");
    ending.add_option("--from", gone->from, "Its first day")->required()->type_name("DAY");
}

}  // namespace

void add_budget(Menu& menu) {
    auto& group = menu.group("budget", "How much pilots and missions may use", "Safety");
    group.alias("budgets");
    auto made = std::make_shared<BudgetFlags>();
    auto& setting =
        menu.command(group, "set", "Limit tokens or money: a warning first, then nothing new begins",
                     [made](Context& context) { return set(context, *made); });
    add_scope(setting, *made);
    setting
        .add_option("--tokens", made->tokens, "Tokens, without those read from a cache: 250000, 250k, 1.5M")
        ->type_name("N");
    setting.add_option("--cost", made->cost, "Money in USD")->type_name("AMOUNT");
    setting.add_option("--warn", made->warn, "Percent at which pilots are warned")
        ->type_name("PERCENT")
        ->check(CLI::Range(1, 100));
    setting.footer(
        "\nWhat was used before counts. Example: fleet budget set --pilot viper-1 --day --tokens 2M --cost "
        "20\n");
    auto wanted = std::make_shared<BudgetFlags>();
    auto& listing = menu.command(group, "list", "Budgets, and what is used of them",
                                 [wanted](Context& context) { return list(context, *wanted); });
    listing.alias("ls");
    listing.add_flag("--removed", wanted->removed, "Removed ones, too");
    auto gone = std::make_shared<BudgetFlags>();
    auto& ending = menu.command(group, "remove", "Remove a budget",
                                [gone](Context& context) { return remove(context, *gone); });
    add_scope(ending, *gone);
    add_prices(menu);
}

}  // namespace fleet::cli
