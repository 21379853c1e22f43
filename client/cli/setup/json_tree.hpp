#pragma once
// JSON of people: comments and trailing commas are read over, and each part knows where it stands in the
// text, so that one of them can be changed and every other byte stays.
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

struct JsonPart {
    enum class Kind { object, array, scalar };

    Kind kind = Kind::scalar;
    std::size_t begin = 0;  // of the value
    std::size_t end = 0;    // one past it
    bool is_member = false;
    std::string key{};
    std::size_t key_begin = 0;
    std::optional<std::size_t> comma{};  // the one behind it
    std::vector<JsonPart> parts{};       // members or elements

    std::size_t first() const { return is_member ? key_begin : begin; }
    JsonPart const* member(std::string_view name) const;
};

// A text of blanks and comments only has no part. Errors: not_configured with "name:line:column: what".
Result<std::optional<JsonPart>> read_json_tree(std::string_view text, std::string const& name);

Json json_of(std::string_view text, JsonPart const& part);

// "file:3:14" of a place in a text; lines and columns (in bytes) from 1.
std::string place_in(std::string const& name, std::string_view text, std::size_t at);

// How a text ends its lines; "\n" where it has none.
std::string newline_of(std::string_view text);

}  // namespace fleet::cli
