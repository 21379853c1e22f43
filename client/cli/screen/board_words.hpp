#pragma once
// What the board says about one mission, sortie, pilot or wait. The arguments are parts of an answer of the
// operation `board`; the texts still have to be made printable.
#include "cli/screen/style.hpp"

#include <fleet/json_value.hpp>
#include <fleet/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fleet::cli {

// Of a mission, sortie or pilot in that state.
Ink ink_of(std::string_view status);
std::string_view symbol_of(std::string_view status);

// "████████▌░░░░░", `width` columns wide.
std::string bar_of(std::int64_t percent, std::size_t width);
// "1 of 9 done, 2 in progress, 1 blocked".
std::string count_words(Json const& counts);
// What its state adds to a sortie's name: "40%  viper-1, 12m left", "waits for parser (in_progress)".
std::string sortie_words(Json const& sortie, Time now);
// "parser 40%, holds 2, 3 unread".
std::string pilot_words(Json const& pilot, Time now);
// "viper-1 waits 42s for raven-1: src/**".
std::string waiting_words(Json const& one);
// "project demo is halted: release freeze (ann, 3m ago)".
std::string halt_words(Json const& halt, Time now);
// "4 pending, 2 claimed"; "" when there is nothing.
std::string order_words(Json const& board);
std::string mail_words(Json const& board);

}  // namespace fleet::cli
