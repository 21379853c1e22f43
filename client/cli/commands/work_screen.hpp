#pragma once
// What missions, sorties and their answers look like.
#include "cli/context.hpp"

#include <fleet/json_value.hpp>

#include <string>

namespace fleet::cli {

// "Write the grammar (srt_…x7k2pq)".
std::string titled(Screen const& screen, Json const& item, std::string_view id_field);

void show_missions(Screen const& screen, Json const& items);
void show_mission(Context& context, Json const& mission);
void show_sorties(Screen const& screen, Json const& items);
void show_sortie(Screen const& screen, Json const& sortie);

// What a command brought about besides: files outside of the reservation, sorties that were skipped, a
// mission that ended.
void note_consequences(Screen const& screen, Json const& answer);

}  // namespace fleet::cli
