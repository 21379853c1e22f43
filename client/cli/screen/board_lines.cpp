#include "cli/screen/board_lines.hpp"

#include "cli/screen/board_tree.hpp"
#include "cli/screen/board_words.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t bar_width = 24;
constexpr std::size_t id_letters = 6;

Json const& list_of(Json const& board, char const* member) {
    static Json const nothing = Json::array();
    auto found = board.find(member);
    return found != board.end() && found->is_array() ? *found : nothing;
}

std::string padded(std::string text, std::size_t width) {
    auto used = width_of(text);
    if (used < width) text.append(width - used, ' ');
    return text;
}

// The end of an id: what people type.
std::string handle(Json const& object, char const* member) {
    auto id = text_or(object, member, "");
    return id.size() > id_letters ? id.substr(id.size() - id_letters) : id;
}

std::string title_of(Json const& sortie) {
    auto title = text_or(sortie, "title", "");
    return title.empty() ? text_or(sortie, "name", "?") : title;
}

std::string mission_head(Json const& mission, Look const& look) {
    auto status = text_or(mission, "status", "");
    auto line = fmt::format("{} {}  {}", look.style(ink_of(status), symbol_of(status)),
                            look.style(Ink::bold, printable(text_or(mission, "title", "?"))),
                            look.style(Ink::dim, handle(mission, "mission_id")));
    if (look.with_project) line += "  " + look.style(Ink::dim, printable(text_or(mission, "project", "")));
    auto priority = text_or(mission, "priority", "medium");
    if (priority == "high" || priority == "critical") line += "  " + look.style(Ink::yellow, priority);
    if (status != "in_progress") line += "  " + look.style(ink_of(status), status);
    if (auto until = time_member(mission, "deadline")) {
        bool late = flag_or(mission, "late", *until < look.now);
        auto words = late ? "late by " + span_words(look.now - *until) : left_words(*until, look.now);
        line += "  " + look.style(late ? Ink::red : Ink::dim, words);
    }
    if (auto why = text_or(mission, "reason", ""); !why.empty()) line += ": " + printable(why);
    return line;
}

std::string mission_bar(Json const& mission, Look const& look) {
    auto percent = number_or(mission, "progress", 0);
    auto ink = text_or(mission, "status", "") == "failed" ? Ink::red
               : percent == 100                           ? Ink::green
                                                          : Ink::cyan;
    auto counts = mission.find("counts");
    auto words = counts == mission.end() ? std::string() : count_words(*counts);
    return fmt::format("  {} {:>3}%  {}", look.style(ink, bar_of(percent, bar_width)), percent, words);
}

void add_line(Lines& lines, std::string line) {
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
}

void add_sorties(Lines& lines, Json const& sorties, Look const& look) {
    auto branches = tree_of(sorties);
    // Half of the width for the names, the rest for what is to be said about them.
    std::size_t most = std::max<std::size_t>(look.columns / 2, 24);
    std::vector<std::string> names;
    std::size_t width = 0;
    for (Branch const& branch : branches) {
        names.push_back(cut_to(branch.prefix + "? " + printable(title_of(sorties[branch.index])), most));
        width = std::max(width, width_of(names.back()));
    }
    for (std::size_t i = 0; i < branches.size(); ++i) {
        Json const& sortie = sorties[branches[i].index];
        auto status = text_or(sortie, "status", "");
        bool is_ready = flag_or(sortie, "ready", false);
        auto ink = is_ready ? Ink::green : ink_of(status);
        auto name = padded(names[i], width);
        if (auto mark = name.find("? ", branches[i].prefix.size()); mark != std::string::npos)
            name.replace(mark, 1, look.style(ink, symbol_of(status)));
        auto words = printable(sortie_words(sortie, look.now));
        if (!branches[i].also_after.empty())
            words += look.style(Ink::dim, printable("  also after " + joined(branches[i].also_after, ", ")));
        add_line(lines, fmt::format("  {}  {}  {}", name, look.style(Ink::dim, handle(sortie, "sortie_id")),
                                    status == "completed" ? look.style(Ink::dim, words) : words));
    }
}

void add_left_out(Lines& lines, Json const& object, char const* member, std::string_view words,
                  Look const& look) {
    if (auto more = number_or(object, member, 0); more > 0)
        lines.push_back(look.style(Ink::dim, fmt::format("  and {} {}", more, words)));
}

void append(Lines& all, std::string_view heading, Lines const& part, Look const& look) {
    if (part.empty()) return;
    if (!all.empty()) all.emplace_back();
    if (!heading.empty()) all.push_back(look.style(Ink::dim, heading));
    all.insert(all.end(), part.begin(), part.end());
}

}  // namespace

Lines halt_lines(Json const& board, Look const& look) {
    Lines lines;
    for (Json const& halt : list_of(board, "halts"))
        lines.push_back(look.style(Ink::red, "■ " + printable(halt_words(halt, look.now))));
    return lines;
}

Lines mission_lines(Json const& board, Look const& look) {
    Lines lines;
    for (Json const& mission : list_of(board, "missions")) {
        lines.push_back(mission_head(mission, look));
        lines.push_back(mission_bar(mission, look));
        add_sorties(lines, list_of(mission, "sorties"), look);
        add_left_out(lines, mission, "sorties_left_out", "more sorties", look);
    }
    add_left_out(lines, board, "missions_left_out", "more missions", look);
    Json const& loose = list_of(board, "loose_sorties");
    if (!loose.empty()) lines.push_back(look.style(Ink::bold, "without a mission"));
    add_sorties(lines, loose, look);
    add_left_out(lines, board, "loose_left_out", "more sorties", look);
    return lines;
}

Lines pilot_lines(Json const& board, Look const& look) {
    Lines lines;
    for (Json const& pilot : list_of(board, "pilots")) {
        auto status = text_or(pilot, "status", "");
        auto where =
            look.with_project ? "  " + look.style(Ink::dim, printable(text_or(pilot, "project", ""))) : "";
        add_line(lines,
                 fmt::format("{} {}{}  {}", look.style(ink_of(status), symbol_of(status)),
                             look.style(Ink::bold, padded(printable(text_or(pilot, "callsign", "?")), 14)),
                             where, printable(pilot_words(pilot, look.now))));
    }
    add_left_out(lines, board, "pilots_left_out", "more pilots", look);
    return lines;
}

Lines waiting_lines(Json const& board, Look const& look) {
    Lines lines;
    for (Json const& one : list_of(board, "waiting"))
        lines.push_back(look.style(Ink::yellow, "… ") + printable(waiting_words(one)));
    if (auto words = order_words(board); !words.empty()) lines.push_back("orders: " + words);
    if (auto words = mail_words(board); !words.empty()) lines.push_back("mail: " + words);
    return lines;
}

Lines board_picture(Json const& board, Look const& look) {
    Lines all;
    append(all, "", halt_lines(board, look), look);
    append(all, "", mission_lines(board, look), look);
    append(all, "PILOTS", pilot_lines(board, look), look);
    append(all, "WAITING", waiting_lines(board, look), look);
    return all;
}

Lines board_plain(Json const& board, Look const& look) {
    Lines all;
    auto project = [&](Json const& one) {
        return look.with_project ? printable(text_or(one, "project", "")) + " " : std::string();
    };
    auto add_sortie = [&](Json const& one) {
        auto words = sortie_words(one, look.now);
        all.push_back(printable(fmt::format("sortie {}{} {} {}{}", project(one), handle(one, "sortie_id"),
                                            text_or(one, "status", "?"), title_of(one),
                                            words.empty() ? "" : ": " + words)));
    };
    for (Json const& halt : list_of(board, "halts"))
        all.push_back("halt " + printable(halt_words(halt, look.now)));
    for (Json const& mission : list_of(board, "missions")) {
        auto counts = mission.find("counts");
        all.push_back(printable(fmt::format("mission {}{} {} {}% {}: {}", project(mission),
                                            handle(mission, "mission_id"), text_or(mission, "status", "?"),
                                            number_or(mission, "progress", 0), text_or(mission, "title", "?"),
                                            counts == mission.end() ? std::string() : count_words(*counts))));
        for (Json const& one : list_of(mission, "sorties")) add_sortie(one);
    }
    for (Json const& one : list_of(board, "loose_sorties")) add_sortie(one);
    for (Json const& pilot : list_of(board, "pilots")) {
        auto words = pilot_words(pilot, look.now);
        all.push_back(
            printable(fmt::format("pilot {}{} {}{}", project(pilot), text_or(pilot, "callsign", "?"),
                                  text_or(pilot, "status", "?"), words.empty() ? "" : ": " + words)));
    }
    for (Json const& one : list_of(board, "waiting"))
        all.push_back("waiting " + printable(waiting_words(one)));
    if (auto words = order_words(board); !words.empty()) all.push_back("orders " + words);
    if (auto words = mail_words(board); !words.empty()) all.push_back("mail " + words);
    return all;
}

}  // namespace fleet::cli
