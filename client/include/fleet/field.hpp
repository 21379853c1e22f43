#pragma once
// What a JSON object may hold, as a table: the generated catalogues of events and operations consist of
// these.
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fleet {

enum class FieldType {
    string,
    text /* may hold line breaks */,
    integer,
    number,
    boolean,
    timestamp,
    duration,
    strings,
    object,
    objects,
    any
};

// All views point to static storage. `min` and `max` bound the value of a number, the length in characters
// of a string, the count of a list; a duration is bounded in seconds.
struct Field {
    std::string_view name;
    FieldType type = FieldType::string;
    bool required = false;
    bool nullable = false;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::int64_t item_max = 0;  // longest item of a list of strings, in characters; 0: no limit
    std::span<std::string_view const> allowed{};  // empty: anything
    std::span<Field const> members{};             // of `object` and `objects`; empty: a free object
    std::string_view check{};                     // a grammar by name: callsign, pattern, path, id:rsv, …
    std::string_view words{};
};

// The first thing that is wrong with `object`, with `code` = unknown_field (and the nearest known name in the
// message) or invalid_field, and `field` = pointer below `pointer`. Empty when all is well.
std::optional<Error> check_fields(std::span<Field const> fields, Json const& object,
                                  std::string_view pointer);

// The candidate nearest to what was typed, or "" when none is near enough to be meant.
std::string_view nearest_name(std::string_view typed, std::span<std::string_view const> candidates);

}  // namespace fleet
