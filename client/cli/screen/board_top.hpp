#pragma once
// The board in as many lines as there are: the upper part of `fleet watch`.
#include "cli/screen/board_lines.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace fleet::cli {

// Halts, missions with their sorties, pilots, held files (`held`: reservations), who waits. What has no room
// is counted. `rows` is what there is; what is not needed is left to others.
std::vector<std::string> board_top(Json const& board, Json const& held, Look const& look, std::size_t rows);

}  // namespace fleet::cli
