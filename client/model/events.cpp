#include <fleet/events.hpp>
#include <fleet/json.hpp>

#include <algorithm>
#include <vector>

namespace fleet {
namespace {

constexpr std::size_t user_data_bytes_max = 65'536;

std::optional<Error> check_user_event(std::string_view type, Json const& data) {
    if (!is_user_event_type(type))
        return make_error(
            ErrorCode::invalid_field,
            "a type of your own is x. and up to 63 of a-z, 0-9, _, . and -, a letter or digit first",
            "/type");
    if (!data.is_object()) return make_error(ErrorCode::invalid_field, "must be an object", "/data");
    if (json_text(data).size() > user_data_bytes_max)
        return make_error(ErrorCode::too_large, "is over 64 KiB", "/data");
    return std::nullopt;
}

Error unknown_type(std::string_view type) {
    auto const later = later_event_types();
    if (std::find(later.begin(), later.end(), type) != later.end())
        return make_error(ErrorCode::unknown_event_type, std::string(type) + " comes with a later release",
                          "/type");
    std::vector<std::string_view> names;
    for (auto const& known : event_types()) names.push_back(known.type);
    std::string message = "there is no event type " + std::string(type.substr(0, 100));
    if (auto const near = nearest_name(type, names); !near.empty())
        message += "; did you mean " + std::string(near) + "?";
    return make_error(ErrorCode::unknown_event_type, std::move(message), "/type");
}

}  // namespace

EventType const* find_event_type(std::string_view type) {
    auto const types = event_types();
    auto const found =
        std::find_if(types.begin(), types.end(), [&](EventType const& known) { return known.type == type; });
    return found == types.end() ? nullptr : &*found;
}

bool is_user_event_type(std::string_view type) {
    if (!type.starts_with("x.")) return false;
    auto const name = type.substr(2);
    auto const is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    auto const may_follow = [&](char c) { return is_plain(c) || c == '_' || c == '.' || c == '-'; };
    return !name.empty() && name.size() <= 63 && is_plain(name.front()) &&
           std::all_of(name.begin(), name.end(), may_follow);
}

std::optional<Error> check_event_data(std::string_view type, std::int32_t schema_version, Json const& data) {
    if (type.starts_with("x.")) return check_user_event(type, data);
    auto const* known = find_event_type(type);
    if (known == nullptr) return unknown_type(type);
    if (schema_version < 1 || schema_version > known->schema_version)
        return make_error(
            ErrorCode::invalid_field,
            "there is no version " + std::to_string(schema_version) + " of " + std::string(type),
            "/schema_version");
    return check_fields(known->versions[static_cast<std::size_t>(schema_version - 1)].fields, data, "/data");
}

}  // namespace fleet
