#pragma once
// Reading members of an answer that may be absent.
#include <fleet/json.hpp>
#include <fleet/time.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

inline std::string text(Json const& value, std::string_view key) {
    return text_or(value, key, "");
}

inline std::optional<Time> time_at(Json const& value, std::string_view key) {
    auto parsed = parse_time(text(value, key));
    if (!parsed) return std::nullopt;
    return *parsed;
}

// Null where there is none.
Json const& member(Json const& value, char const* key);

// Of a list of texts, or of the members `inner` of a list of objects.
std::vector<std::string> texts(Json const& list, char const* inner = nullptr);

// The values of a list of objects.
template <class T>
std::vector<T> each(Json const& list, T (*read)(Json const&)) {
    std::vector<T> out;
    if (!list.is_array()) return out;
    for (Json const& one : list) out.push_back(read(one));
    return out;
}

}  // namespace fleet
