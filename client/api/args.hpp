#pragma once
// Small pieces of arguments that the typed calls share.
#include <fleet/json_value.hpp>
#include <fleet/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

// What was left empty is left out.
inline void put(Json& object, char const* key, std::string const& value) {
    if (!value.empty()) object[key] = value;
}
inline void put(Json& object, char const* key, std::vector<std::string> const& value) {
    if (!value.empty()) object[key] = value;
}
inline void put(Json& object, char const* key, std::optional<std::int64_t> const& value) {
    if (value) object[key] = *value;
}
inline void put(Json& object, char const* key, Json value) {
    if (!value.is_null()) object[key] = std::move(value);
}
inline void put_flag(Json& object, char const* key, bool value) {
    if (value) object[key] = true;
}

// Whole seconds, rounded up: no lease is shorter than was asked for.
inline std::int64_t whole_seconds(Millis duration) {
    return (duration.count() + 999) / 1'000;
}
inline void put(Json& object, char const* key, std::optional<Millis> const& value) {
    if (value) object[key] = whole_seconds(*value);
}

}  // namespace fleet
