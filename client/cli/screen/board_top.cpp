#include "cli/screen/board_top.hpp"

#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

using Lines = std::vector<std::string>;

Lines held_lines(Json const& held, Look const& look) {
    Lines lines;
    for (Json const& one : held) {
        lines.push_back(fmt::format("  {} holds {}  {}", printable(text_or(one, "holder", "?")),
                                    printable(list_member(one, "patterns")),
                                    look.style(Ink::dim, left_member(one, "expires_at", look.now))));
    }
    return lines;
}

Lines cut(Lines lines, std::size_t rows, Look const& look) {
    if (lines.size() <= rows) return lines;
    if (rows == 0) return {};
    auto hidden = lines.size() - rows + 1;
    lines.resize(rows - 1);
    lines.push_back(look.style(Ink::dim, fmt::format("  … {} more lines: fleet board", hidden)));
    return lines;
}

void add(Lines& all, Lines const& part) {
    all.insert(all.end(), part.begin(), part.end());
}

}  // namespace

std::vector<std::string> board_top(Json const& board, Json const& held, Look const& look, std::size_t rows) {
    auto halts = cut(halt_lines(board, look), std::min<std::size_t>(rows, 3), look);
    auto missions = mission_lines(board, look);
    auto pilots = pilot_lines(board, look);
    auto files = held_lines(held, look);
    auto waiting = waiting_lines(board, look);
    // Everybody gets a share; who needs less leaves the rest to the missions.
    auto share = [&](std::size_t parts) { return std::max<std::size_t>(rows * parts / 10, 1); };
    auto room = rows - halts.size();
    pilots = cut(std::move(pilots), std::min(room, share(3)), look);
    waiting = cut(std::move(waiting), std::min(room - pilots.size(), share(2)), look);
    files = cut(std::move(files), std::min(room - pilots.size() - waiting.size(), share(2)), look);
    room -= pilots.size() + waiting.size() + files.size();
    Lines all = std::move(halts);
    add(all, cut(std::move(missions), room, look));
    add(all, pilots);
    add(all, files);
    add(all, waiting);
    if (all.empty()) all.push_back(look.style(Ink::dim, "  nothing is planned, and nothing is held"));
    return all;
}

}  // namespace fleet::cli
