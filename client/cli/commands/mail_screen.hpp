#pragma once
// What mail looks like: who sent it comes first, and what was written stands behind a bar.
#include "cli/screen/screen.hpp"

#include <fleet/json_value.hpp>

namespace fleet::cli {

// A table; `box` members of a mailbox (status) when there are any.
void show_messages(Screen const& screen, Json const& items);
void show_message(Screen const& screen, Json const& message);
// Who wrote, when and what: one after the other.
void show_conversation(Screen const& screen, Json const& thread);

}  // namespace fleet::cli
