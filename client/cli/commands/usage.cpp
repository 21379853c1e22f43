// fleet usage: what models used and what it cost.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/money.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

struct UsageFlags {
    std::string by{};
    std::string since{};
    std::string until{};
    std::string pilot{};
    std::string model{};
    std::string mission{};
    std::string top{};
    std::int64_t limit = 20;
    bool csv = false;
    bool all_projects = false;
};

struct CallFlags {
    std::string pilot{};
    std::string model{};
    std::string input = "0";
    std::string output = "0";
    std::string cache_read{};
    std::string cache_write{};
    std::string cost{};
    std::string call_id{};
    std::string sortie{};
    std::string at{};
    std::string client{};
    std::string session{};
};

constexpr std::array<std::string_view, 6> counts{
    "calls", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "tokens"};

// What the line is of, in one of the groups; what has none says so.
std::string group_cell(Json const& line, std::string const& group) {
    if (line.contains("rest")) return {};
    if (group == "mission") {
        auto id = text_or(line, "mission_id", "");
        if (id.empty()) return "(no mission)";
        auto title = text_or(line, "mission_title", "");
        return title.empty() ? short_id(id) : fmt::format("{} {}", short_id(id), title);
    }
    auto value = text_or(line, group, "");
    return value.empty() ? fmt::format("(no {})", group) : value;
}

// "unknown" where nobody knows any price, "≥" where some calls have none: never a zero that is none.
std::string cost_cell(Json const& sum) {
    auto const known = sum.contains("cost_micros") && sum.at("cost_micros").is_number_integer();
    auto const unpriced = number_or(sum, "unpriced_calls", 0);
    if (!known) return number_or(sum, "tokens", 0) == 0 ? "0.0000 USD" : "unknown";
    auto words = money_words(number_or(sum, "cost_micros", 0));
    return unpriced > 0 ? "≥ " + words : words;
}

std::string csv_cell(std::string const& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (char const c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

void write_csv(Json const& report, std::vector<std::string> const& groups) {
    std::string head;
    for (auto const& group : groups) head += (group == "mission" ? "mission_id,mission_title" : group) + ",";
    write_line(head +
               "calls,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,tokens,cost,currency,"
               "unpriced_calls,unpriced_tokens");
    for (Json const& one : report.at("items")) {
        std::string line;
        bool const is_rest = one.contains("rest");
        for (auto const& group : groups) {
            auto const key = group == "mission" ? std::string("mission_id") : group;
            bool const names_rest = is_rest && &group == &groups.front();
            line += (names_rest ? std::string("(others)") : csv_cell(text_or(one, key, ""))) + ",";
            if (group == "mission") line += csv_cell(text_or(one, "mission_title", "")) + ",";
        }
        for (auto const name : counts) line += fmt::format("{},", number_or(one, name, 0));
        if (one.at("cost_micros").is_number_integer()) line += money_exact(number_or(one, "cost_micros", 0));
        write_line(fmt::format("{},{},{},{}", line, text_or(report, "currency", ""),
                               number_or(one, "unpriced_calls", 0), number_or(one, "unpriced_tokens", 0)));
    }
}

std::vector<std::string> sum_cells(Json const& sum) {
    std::vector<std::string> cells;
    for (auto const name : counts)
        if (name != "tokens") cells.push_back(grouped(number_or(sum, name, 0)));
    cells.push_back(cost_cell(sum));
    return cells;
}

void show(Context& context, Json const& report, std::vector<std::string> const& groups) {
    Screen& screen = context.screen();
    std::vector<std::string> heads;
    for (auto const& group : groups) {
        heads.push_back(group);
        std::ranges::transform(heads.back(), heads.back().begin(),
                               [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    }
    for (auto const* head : {"CALLS", "INPUT", "OUTPUT", "CACHE READ", "CACHE WRITE", "COST"})
        heads.emplace_back(head);
    Table table(heads);
    auto add = [&](std::vector<std::string> first, Json const& sum) {
        for (auto& cell : sum_cells(sum)) first.push_back(std::move(cell));
        table.row(std::move(first));
    };
    for (Json const& one : report.at("items")) {
        std::vector<std::string> first;
        for (auto const& group : groups) first.push_back(printable(group_cell(one, group)));
        if (one.contains("rest")) first.front() = fmt::format("({} others)", number_or(one, "rest", 0));
        add(std::move(first), one);
    }
    if (report.at("items").size() > 1) {
        std::vector<std::string> first(groups.size());
        first.front() = "total";
        add(std::move(first), report.at("total"));
    }
    screen.table(table, "nothing was used");
    if (auto unpriced = number_or(report.at("total"), "unpriced_calls", 0); unpriced > 0)
        screen.note(fmt::format(
            "  {} call{} of models without a price; → `fleet usage --by model` shows them, `fleet "
            "prices set MODEL --input N --output N` prices later ones",
            unpriced, unpriced == 1 ? "" : "s"));
}

Json filter_of(Context& context, UsageFlags const& flags) {
    Json args = Json::object();
    if (!flags.all_projects) args["project"] = context.require_project();
    put(args, "pilot", flags.pilot);
    put(args, "model", flags.model);
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    return args;
}

int usage(Context& context, UsageFlags const& flags) {
    Json args = filter_of(context, flags);
    put(args, "by", flags.by);
    put(args, "since", flags.since);
    put(args, "until", flags.until);
    if (!flags.top.empty()) args["top"] = tokens_flag(flags.top, "--top");
    Json report = context.call("usage.report", std::move(args));
    auto const groups = report.at("by").get<std::vector<std::string>>();
    if (context.is_json())
        context.screen().document(report);
    else if (flags.csv)
        write_csv(report, groups);
    else
        show(context, report, groups);
    return 0;
}

int calls(Context& context, UsageFlags const& flags) {
    Json args = filter_of(context, flags);
    args["limit"] = flags.limit;
    Json answer = context.call("usage.calls", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Table table(
        {"WHEN", "PILOT", "MODEL", "INPUT", "OUTPUT", "CACHE READ", "CACHE WRITE", "COST", "BY", "CALL"});
    for (Json const& one : answer.at("items")) {
        auto cost = one.at("cost_micros").is_number_integer() ? money_words(number_or(one, "cost_micros", 0))
                                                              : "unknown";
        table.row({ago_member(one, "called_at", now), printable(text_or(one, "pilot", "")),
                   printable(text_or(one, "model", "")), grouped(number_or(one, "input_tokens", 0)),
                   grouped(number_or(one, "output_tokens", 0)),
                   grouped(number_or(one, "cache_read_tokens", 0)),
                   grouped(number_or(one, "cache_write_tokens", 0)), cost,
                   printable(text_or(one, "source", "")), printable(text_or(one, "call_id", ""))});
    }
    screen.table(table, "no calls");
    return 0;
}

int record(Context& context, CallFlags const& flags) {
    Json args{{"model", flags.model},
              {"input_tokens", tokens_flag(flags.input, "--input")},
              {"output_tokens", tokens_flag(flags.output, "--output")},
              {"source", "cli"}};
    if (!flags.cache_read.empty()) args["cache_read_tokens"] = tokens_flag(flags.cache_read, "--cache-read");
    if (!flags.cache_write.empty())
        args["cache_write_tokens"] = tokens_flag(flags.cache_write, "--cache-write");
    if (!flags.cost.empty()) args["cost_micros"] = money_flag(flags.cost, "--cost");
    args["pilot"] = flags.pilot.empty() ? context.require_callsign() : flags.pilot;
    put(args, "call_id", flags.call_id);
    put(args, "called_at", flags.at);
    put(args, "client", flags.client);
    put(args, "session_id", flags.session);
    if (!flags.sortie.empty()) args["sortie_id"] = id_of(context, sortie_entity, flags.sortie);
    args["project"] = context.require_project();
    Json answer = context.call("usage.record", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    bool const counted = answer.value("counted", false);
    screen.done(fmt::format("{}: {} tokens of {} for {}, {}", counted ? "counted" : "known already",
                            grouped(number_or(answer, "tokens", 0)), printable(text_or(answer, "model", "")),
                            printable(text_or(answer, "pilot", "")), cost_cell(answer)));
    return 0;
}

void add_filters(CLI::App& app, UsageFlags& flags) {
    app.add_option("--pilot", flags.pilot, "One pilot")->type_name("CALLSIGN");
    app.add_option("--model", flags.model, "One model")->type_name("MODEL");
    app.add_option("--mission", flags.mission, "One mission")->type_name("MISSION");
    app.add_flag("--all-projects", flags.all_projects, "Every project of the fleet");
}

void add_record(Menu& menu, CLI::App& app) {
    auto made = std::make_shared<CallFlags>();
    auto& recording = menu.command(app, "record", "Count a call of a model; the same --call-id counts once",
                                   [made](Context& context) { return record(context, *made); });
    recording.add_option("model", made->model, "Name of the model")->required()->type_name("MODEL");
    recording.add_option("--input", made->input, "Tokens given, without those of caches")->type_name("N");
    recording.add_option("--output", made->output, "Tokens that came back")->type_name("N");
    recording.add_option("--cache-read", made->cache_read, "Tokens read from a cache")->type_name("N");
    recording.add_option("--cache-write", made->cache_write, "Tokens written to a cache")->type_name("N");
    recording.add_option("--cost", made->cost, "What it cost, in USD; default by the price table")
        ->type_name("AMOUNT");
    recording.add_option("--call-id", made->call_id, "The provider's id of the call")->type_name("ID");
    recording.add_option("--pilot", made->pilot, "Whose call; default yourself")->type_name("CALLSIGN");
    recording.add_option("--sortie", made->sortie, "What for; default the sortie in hand")
        ->type_name("SORTIE");
    recording.add_option("--at", made->at, "When it ended, as 2026-01-31T12:00:00Z; default now")
        ->type_name("TIME");
    recording.add_option("--client", made->client, "Program that made the call")->type_name("NAME");
    recording.add_option("--session", made->session, "The program's session")->type_name("ID");
    recording.footer("\nExample: fleet usage record gpt-5 --input 12k --output 850 --call-id resp_123\n");
}

}  // namespace

void add_usage(Menu& menu) {
    auto flags = std::make_shared<UsageFlags>();
    auto& app = menu.command("usage", "What models used, and what it cost", "Safety",
                             [flags](Context& context) { return usage(context, *flags); });
    app.add_option("--by", flags->by,
                   "pilot, role, model, mission, day or project; several with commas; default model")
        ->type_name("GROUP");
    app.add_option("--since", flags->since, "From a day, a time (UTC), or so long ago: 7d")
        ->type_name("WHEN");
    app.add_option("--until", flags->until, "Before that")->type_name("WHEN");
    app.add_option("--top", flags->top, "The dearest N; the others in one line")->type_name("N");
    app.add_flag("--csv", flags->csv, "For spreadsheets");
    add_filters(app, *flags);
    app.footer(
        "\nThe lines always add up to the total. A cost with ≥ has calls whose price nobody knows.\n"
        "Example: fleet usage --by pilot,model --since 7d\n");
    auto wanted = std::make_shared<UsageFlags>();
    auto& listing = menu.command(app, "calls", "The calls, newest first",
                                 [wanted](Context& context) { return calls(context, *wanted); });
    add_filters(listing, *wanted);
    listing.add_option("--limit", wanted->limit, "How many at most")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    add_record(menu, app);
}

}  // namespace fleet::cli
