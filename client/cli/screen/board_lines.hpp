#pragma once
// The board, as lines: bars and trees for a terminal, or one plain line a thing for pipes.
#include "cli/screen/style.hpp"

#include <fleet/json_value.hpp>
#include <fleet/time.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace fleet::cli {

struct Look {
    Style const& style;
    std::size_t columns;  // lines may be longer; who draws cuts them
    Time now;
    bool with_project = false;
};

// `board` is an answer of the operation of that name.
std::vector<std::string> halt_lines(Json const& board, Look const& look);
// A bar each, and its sorties as a tree: below the one of its dependencies that comes last.
std::vector<std::string> mission_lines(Json const& board, Look const& look);
std::vector<std::string> pilot_lines(Json const& board, Look const& look);
// Who waits for whom, the queue, the mail; nothing where there is nothing to say.
std::vector<std::string> waiting_lines(Json const& board, Look const& look);

// All of it, with headings.
std::vector<std::string> board_picture(Json const& board, Look const& look);
// One line a mission, sortie, pilot, halt and wait, each beginning with its kind: for grep and awk.
std::vector<std::string> board_plain(Json const& board, Look const& look);

}  // namespace fleet::cli
