#pragma once
// How checkpoints and recoveries look.
#include "cli/menu.hpp"
#include "cli/screen/screen.hpp"

#include <fleet/error.hpp>
#include <fleet/json_value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

// Of daemon and database: what is here is all there is.
bool is_out_of_reach(Error const& error);

// Asks on a terminal; elsewhere nobody is there to say no, and it is true.
bool agreed(Context& context, std::string_view question);

void say_warnings(Screen& screen, std::vector<std::string> const& warnings);
std::string trigger_words(Screen const& screen, Json const& checkpoint);
// Mission, progress and counts, as `checkpoint create` says them.
void say_checkpoint(Screen& screen, Json const& checkpoint);
// What a checkpoint remembers, for eyes.
void say_sections(Screen& screen, Json const& sections);
// One line a mission that stands still, and what to do; nothing when there is none.
void say_offers(Screen& screen, Json const& offers);
// What recovery did or would do: counts, then what is worth knowing of each thing.
void say_recovery(Screen& screen, Json const& recovery);
// "--- Recovery Context ---" and what to go on with.
void say_context(Screen& screen, Json const& recovery);

void add_restore(Menu& menu, CLI::App& group);

}  // namespace fleet::cli
