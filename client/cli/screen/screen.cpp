#include "cli/screen/screen.hpp"

#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace fleet::cli {
namespace {

void write_note(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string conflict_line(Json const& conflict, Time now) {
    auto holder = printable(text_or(conflict, "holder", "?"));
    auto pattern = printable(text_or(conflict, "pattern", "?"));
    auto wanted = printable(text_or(conflict, "requested_pattern", pattern));
    auto left = left_member(conflict, "expires_at", now);
    auto line = fmt::format("{} holds {}", holder, pattern);
    if (wanted != pattern) line += fmt::format(" (you asked for {})", wanted);
    if (!left.empty()) line += ", " + left;
    return line;
}

struct Reason {
    char const* member;
    std::string_view one;
    std::string_view several;
};

// Why nothing is ready, counted by reason.
constexpr std::array reasons{
    Reason{"mission_not_started", "waits for its mission to start", "wait for their mission to start"},
    Reason{"dependencies", "waits for others", "wait for others"},
    Reason{"condition", "waits for what its condition asks", "wait for what their condition asks"},
    Reason{"role", "wants another role", "want another role"},
    Reason{"capabilities", "wants other capabilities", "want other capabilities"},
    Reason{"halted", "is halted", "are halted"},
    Reason{"budget", "is of a mission whose budget is used up", "are of missions whose budget is used up"},
};

std::vector<std::string> reason_lines(Json const& detail) {
    std::vector<std::string> lines;
    if (!detail.contains("reasons")) return lines;
    for (Reason const& reason : reasons) {
        auto count = number_or(detail.at("reasons"), reason.member, 0);
        if (count > 0) lines.push_back(fmt::format("{} {}", count, count == 1 ? reason.one : reason.several));
    }
    return lines;
}

}  // namespace

void write_line(std::string_view line) {
    std::string whole(line);
    whole += '\n';
    std::fwrite(whole.data(), 1, whole.size(), stdout);
    // Nobody reads any more (`fleet watch | head`): the work is over.
    if (std::fflush(stdout) != 0) std::_Exit(0);
}

Screen::Screen(bool json, bool quiet)
    : json_(json), quiet_(quiet), terminal_(::isatty(2) == 1), out_(wants_colour(1)), err_(wants_colour(2)) {}

void Screen::document(Json const& value) const {
    if (json_) write_line(json_text(value));
}

void Screen::say(std::string_view line) const {
    if (!json_) write_line(line);
}

void Screen::done(std::string_view line) const {
    if (!quiet_) say(fmt::format("{} {}", out_(Ink::green, "✓"), line));
}

void Screen::table(Table const& table, std::string_view when_empty) const {
    if (json_) return;
    if (table.is_empty()) return note(when_empty);
    auto text = table.text(out_, ::isatty(1) == 1 ? columns_of(1) : 0);
    text.pop_back();
    write_line(text);
}

void Screen::note(std::string_view line) const {
    if (json_ || quiet_) return;
    write_note(fmt::format("{}\n", line));
}

void Screen::passing(std::string_view line) {
    if (json_ || quiet_) return;
    if (!terminal_) {
        if (!line.empty()) write_note(fmt::format("{}\n", line));
        return;
    }
    if (passing_ || !line.empty()) write_note(fmt::format("\r\x1b[K{}", cut_to(line, columns_of(2) - 1)));
    passing_ = !line.empty();
}

void Screen::explain(Error const& error) const {
    if (!error.detail.is_object()) return;
    Time now = clock_now();
    for (char const* list : {"conflicts", "waiters"}) {
        if (!error.detail.contains(list) || !error.detail.at(list).is_array()) continue;
        for (Json const& one : error.detail.at(list)) {
            bool waits = std::string_view(list) == "waiters";
            auto line = waits ? printable(text_or(one, "pilot", text_or(one, "holder", "?"))) +
                                    " waits in front of you"
                              : conflict_line(one, now);
            write_note(fmt::format("  {} {}\n", err_(Ink::dim, "·"), line));
        }
    }
    for (Json const& one : error.detail.value("recipients", Json::array())) {
        auto line = fmt::format("{}: {}", text_or(one, "callsign", "?"), text_or(one, "reason", ""));
        write_note(fmt::format("  {} {}\n", err_(Ink::dim, "·"), printable(line)));
    }
    for (std::string const& line : reason_lines(error.detail))
        write_note(fmt::format("  {} {}\n", err_(Ink::dim, "·"), line));
    if (auto allowed = list_member(error.detail, "allowed"); !allowed.empty())
        write_note(fmt::format("  {} it would take: {}\n", err_(Ink::dim, "·"), printable(allowed)));
    if (auto cycle = list_member(error.detail, "cycle"); !cycle.empty()) {
        write_note(fmt::format("  {} they wait for each other: {}\n", err_(Ink::dim, "·"), printable(cycle)));
    }
}

void Screen::error(Error const& error) {
    if (json_) return write_line(json_text(problem_from_error(error)));
    passing("");
    auto field = error.field.empty() ? std::string() : fmt::format(" ({})", error.field);
    write_note(
        fmt::format("{} {}{}\n", err_(Ink::red, "fleet:"), printable(error.message), printable(field)));
    explain(error);
    if (!error.hint.empty())
        write_note(fmt::format("  {} {}\n", err_(Ink::yellow, "→"), printable(error.hint)));
}

}  // namespace fleet::cli
