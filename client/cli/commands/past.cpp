#include "cli/commands/past.hpp"

#include "cli/input.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace fleet::cli {
namespace {

constexpr int page = 500;
constexpr std::array kinds{"project", "host", "pilot",  "reservation", "message", "thread",    "mission",
                           "sortie",  "halt", "ruling", "checkpoint",  "run",     "work_order"};

bool is_number(std::string const& text) {
    return !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
}

// "viper-1" of "actor=viper-1"; a word by itself is a kind of thing or a type of event.
void add_filter(Json& filter, std::string const& typed) {
    auto at = typed.find('=');
    auto key = at == std::string::npos ? std::string() : typed.substr(0, at);
    auto value = at == std::string::npos ? typed : typed.substr(at + 1);
    if (key.empty()) key = std::ranges::find(kinds, value) != kinds.end() ? "kind" : "type";
    auto member = key == "kind"    ? "stream_type"
                  : key == "type"  ? "type"
                  : key == "actor" ? "actor"
                  : key == "id"    ? "stream_id"
                  : key == "about" ? "correlation_id"
                                   : "";
    if (std::string_view(member).empty() || value.empty())
        refuse(
            ErrorCode::usage, fmt::format("--filter {} says nothing", typed),
            "A type of events, a kind of thing (sortie), or type=, kind=, actor=, id=, about= (a mission).",
            "--filter");
    if (filter.contains(member) && key == "type") value = text_or(filter, member, "") + "," + value;
    filter[member] = value;
}

}  // namespace

std::string moment_of(std::string const& typed, std::string_view flag) {
    if (typed.empty() || is_number(typed) || parse_time(typed)) return typed;
    if (typed.size() > 9 && typed[8] == '.' && is_number(typed.substr(9))) return typed;
    if (auto ago = parse_duration(std::string_view(typed))) return time_text(clock_now() - *ago);
    if (typed.starts_with('#')) return moment_of(typed.substr(1), flag);
    refuse(ErrorCode::usage, fmt::format("{} {} is neither a place in the log nor a time", flag, typed),
           "Write a seq (1234), 10m (ago) or 2026-01-31T12:00:00Z.", std::string(flag));
}

Json Stretch::next_page() const {
    Json args = filter;
    args["after"] = std::to_string(after);
    args["limit"] = page;
    return args;
}

std::vector<Event> Stretch::take(Json const& answer) {
    std::vector<Event> events;
    if (answer.contains("items")) {
        for (Json const& one : answer.at("items")) {
            auto event = event_from_json(one);
            if (!event) continue;
            if (event->seq > upto) break;
            after = event->seq;
            events.push_back(*std::move(event));
        }
    }
    at_end = events.size() < page;
    return events;
}

Stretch stretch_of(Context& context, ReplayFlags const& flags) {
    Stretch stretch;
    if (!flags.everywhere) stretch.filter["project"] = context.require_project();
    for (std::string const& typed : flags.filters) add_filter(stretch.filter, typed);
    auto seq_of = [&](std::string const& typed, std::string_view flag) {
        Json args{{"limit", 1}};
        put(args, "at", moment_of(typed, flag));
        Json log = context.call("history.log", std::move(args));
        return log.contains("at") && log.at("at").is_object() ? number_or(log.at("at"), "seq", 0) : 0;
    };
    stretch.after = flags.from.empty() ? 0 : std::max<std::int64_t>(seq_of(flags.from, "--from") - 1, 0);
    stretch.upto = seq_of(flags.to, "--to");
    return stretch;
}

Player player_of(ReplayFlags const& flags) {
    double speed = 0;
    if (flags.speed != "max") {
        std::string text = flags.speed;
        if (text.ends_with('x')) text.pop_back();
        auto read = std::from_chars(text.data(), text.data() + text.size(), speed);
        if (read.ec != std::errc() || read.ptr != text.data() + text.size() || speed <= 0 || speed > 65'536)
            refuse(ErrorCode::usage, fmt::format("--speed {} is not a speed", flags.speed),
                   "1 is as it was, 10 ten times as fast; max does not wait.", "--speed");
    }
    return Player(speed, duration_flag(flags.gap, "--longest-gap"));
}

}  // namespace fleet::cli
