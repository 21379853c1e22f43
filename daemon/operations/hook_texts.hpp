// What hooks say to a model. Pure; internal to this room. Whatever others wrote is quoted, with who wrote it.
#pragma once

#include <fleet/error.hpp>
#include <fleet/json_value.hpp>

#include <string>
#include <string_view>

namespace fleet::ops {

// Of an answer of sessions.edit that denies or warns.
std::string denial_text(Json const& decision);
std::string warning_text(Json const& decision);
// That nobody could be asked.
std::string unanswered_text(Error const& error);
// Messages as sessions.note answers them; "" for none.
std::string mail_text(Json const& noted);
// What is open, as sessions.note answers it; "" for nothing.
std::string promises_text(Json const& noted);
// Before the briefing: who the session is.
std::string welcome_text(Json const& opened);
// For a subagent: whose files it must not touch. `held` is a page of reservations.
std::string subagent_text(std::string_view callsign, Json const& held);

}  // namespace fleet::ops
