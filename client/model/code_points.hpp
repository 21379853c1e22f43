#pragma once
// UTF-8 to code points and back, for texts whose characters are compared one by one.
#include <optional>
#include <string>
#include <string_view>

namespace fleet {

// Empty if `text` is not well-formed UTF-8 (overlong forms, surrogates and values over U+10FFFF are not).
std::optional<std::u32string> code_points(std::string_view text);

std::string utf8(std::u32string_view text);

}  // namespace fleet
