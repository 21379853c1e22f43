#pragma once
// Reading and writing JSON text. Foreign text is read only through `parse_json`.
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace fleet {

inline constexpr std::size_t json_depth_max = 64;

// One complete JSON text. Errors, all `bad_json` with a JSON pointer where there is one: syntax, invalid
// UTF-8, nesting deeper than `json_depth_max`, an object with the same key twice, U+0000 inside a string (the
// database cannot store it), an integer that 64 bits cannot hold.
Result<Json> parse_json(std::string_view text);

// Compact text. Never throws: invalid UTF-8 in a string is replaced by U+FFFD.
std::string json_text(Json const& value);

// `parent` + "/" + `token`, with "~" and "/" in the token escaped (RFC 6901).
std::string json_pointer(std::string_view parent, std::string_view token);

// Members that may be absent; a null or a value of another type counts as absent.
std::string text_or(Json const& object, std::string_view key, std::string_view otherwise);
std::int64_t number_or(Json const& object, std::string_view key, std::int64_t otherwise);
bool flag_or(Json const& object, std::string_view key, bool otherwise);

}  // namespace fleet
