#pragma once
// Paths of files as they are spoken of in a project: relative to its top, divided by "/".
#include <fleet/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace fleet {

inline constexpr std::size_t path_bytes_max = 4096;

// The path as given. Errors, all `invalid_field` with `field` and the reason: empty, absolute, an empty
// segment (also a "/" at the end), "." or "..", NUL, invalid UTF-8, longer than `path_bytes_max`. Wildcards
// are ordinary characters here. That text is NFC is for the database to say: it has the tables of Unicode.
Result<std::string> check_path(std::string_view text, std::string_view field = {});

}  // namespace fleet
