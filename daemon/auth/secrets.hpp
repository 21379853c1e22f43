// Tokens: drawing, hashing, comparing, keeping.
#pragma once

#include <fleet/result.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace fleet::auth {

// "tok_" and 52 characters of base32: 256 random bits.
std::string draw_token();
// SHA-256 in lower-case hex.
std::string sha256_hex(std::string_view text);
// In time that does not depend on where the two differ.
bool same_secret(std::string_view a, std::string_view b);

// The daemon's own token for TCP: reads it, or draws one into a new 0600 file. Errors: not_configured
// (readable by others, empty, unreadable, or it cannot be made).
Result<std::string> access_token(std::filesystem::path const& file);

}  // namespace fleet::auth
