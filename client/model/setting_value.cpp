#include "model/setting_value.hpp"

#include <fleet/field.hpp>
#include <fleet/time.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace fleet {
namespace {

Error bad_value(SettingInfo const& info, std::string const& wanted) {
    return make_error(ErrorCode::invalid_field, std::string(info.key) + " must be " + wanted,
                      "/" + std::string(info.key));
}

std::string range(SettingInfo const& info, std::string const& unit) {
    return "from " + std::to_string(info.min) + unit + " to " + std::to_string(info.max) + unit;
}

bool in_range(SettingInfo const& info, std::int64_t value) {
    return value >= info.min && value <= info.max;
}

struct Unit {
    std::string_view name;
    std::int64_t bytes;
};
constexpr std::array<Unit, 10> byte_units{{{"", 1},
                                           {"B", 1},
                                           {"KiB", 1024},
                                           {"MiB", 1024 * 1024},
                                           {"GiB", 1024LL * 1024 * 1024},
                                           {"kB", 1000},
                                           {"KB", 1000},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000},
                                           {"K", 1024}}};

// A whole number and, for sizes, its unit.
std::optional<std::int64_t> whole_number(std::string_view text, bool with_unit) {
    std::int64_t value = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!with_unit) return text.empty() ? std::optional(value) : std::nullopt;
    while (text.starts_with(' ')) text.remove_prefix(1);
    auto const* unit =
        std::find_if(byte_units.begin(), byte_units.end(), [&](Unit const& u) { return u.name == text; });
    if (unit == byte_units.end() || value < 0 || value > INT64_MAX / unit->bytes) return std::nullopt;
    return value * unit->bytes;
}

}  // namespace

SettingInfo const* find_setting(std::string_view key) {
    auto const infos = setting_infos();
    auto const found =
        std::find_if(infos.begin(), infos.end(), [&](SettingInfo const& info) { return info.key == key; });
    return found == infos.end() ? nullptr : &*found;
}

Error unknown_setting(std::string_view key) {
    std::vector<std::string_view> names;
    for (auto const& info : setting_infos()) names.push_back(info.key);
    std::string message = "there is no setting " + std::string(key.substr(0, 100));
    if (auto const near = nearest_name(key, names); !near.empty())
        message += "; did you mean " + std::string(near) + "?";
    return make_error(ErrorCode::unknown_field, std::move(message), "/" + std::string(key));
}

Result<void> read_setting(SettingInfo const& info, std::string_view text, std::string& into) {
    if (text.find('\0') != std::string_view::npos) return bad_value(info, "text without NUL");
    if (!info.choices.empty() &&
        std::find(info.choices.begin(), info.choices.end(), text) == info.choices.end()) {
        std::string choices;
        for (auto const choice : info.choices) choices += (choices.empty() ? "" : ", ") + std::string(choice);
        return bad_value(info, "one of " + choices);
    }
    into = text;
    return {};
}

Result<void> read_setting(SettingInfo const& info, std::string_view text, std::int64_t& into) {
    auto const sized = info.type == SettingType::bytes;
    auto const value = whole_number(text, sized);
    if (!value || !in_range(info, *value))
        return bad_value(info, "a whole number " + range(info, sized ? " bytes" : ""));
    into = *value;
    return {};
}

Result<void> read_setting(SettingInfo const& info, std::string_view text, bool& into) {
    if (text == "true" || text == "1" || text == "yes" || text == "on")
        into = true;
    else if (text == "false" || text == "0" || text == "no" || text == "off")
        into = false;
    else
        return bad_value(info, "true or false");
    return {};
}

Result<void> read_setting(SettingInfo const& info, std::string_view text, std::chrono::seconds& into) {
    auto const duration = parse_duration(text);
    if (!duration || duration->count() % 1'000 != 0 || !in_range(info, duration->count() / 1'000))
        return bad_value(info, "a duration " + range(info, "s"));
    into = std::chrono::duration_cast<std::chrono::seconds>(*duration);
    return {};
}

Result<void> read_setting(SettingInfo const& info, std::string_view text, std::chrono::milliseconds& into) {
    auto const duration = parse_duration(text);
    if (!duration || !in_range(info, duration->count()))
        return bad_value(info, "a duration " + range(info, "ms"));
    into = *duration;
    return {};
}

std::string print_setting(SettingInfo const& info, std::string const& value) {
    if (info.secret) return value.empty() ? "" : "set";
    return value;
}

std::string print_setting(SettingInfo const& /*info*/, std::int64_t value) {
    return std::to_string(value);
}
std::string print_setting(SettingInfo const& /*info*/, bool value) {
    return value ? "true" : "false";
}
std::string print_setting(SettingInfo const& /*info*/, std::chrono::seconds value) {
    return duration_text(value);
}
std::string print_setting(SettingInfo const& /*info*/, std::chrono::milliseconds value) {
    return duration_text(value);
}

}  // namespace fleet
