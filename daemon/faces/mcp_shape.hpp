// How the answer of an operation becomes one for a model: what matters of it, cut to a budget. Pure; internal
// to this room.
#pragma once

#include <fleet/error.hpp>
#include <fleet/json_value.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fleet::faces {

// Only the members that `keep` names ("items.holder" is one of each item); nulls are left out.
Json kept_members(Json const& answer, std::span<std::string_view const> keep);

// At most `budget` tokens of JSON text: first the last items of the longest list go, and `left_out` says how
// many, then the longest texts are shortened and end in "…".
Json fitted(Json content, std::int64_t budget);

// The same for reading: a line a member, a line an item, texts of several lines at the end. Texts of others
// cannot look like lines of ours. At most `budget` tokens.
std::string told(Json const& content, std::int64_t budget);

// "reservation_held: … Next: … Facts: {…}", at most `budget` tokens.
std::string told_error(Error const& error, std::int64_t budget);

}  // namespace fleet::faces
