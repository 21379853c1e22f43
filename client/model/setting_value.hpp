#pragma once
// How the text of one setting is read and printed, by its type. Used by the generated accessors.
#include <fleet/settings.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fleet {

// unknown_field, with the nearest key.
Error unknown_setting(std::string_view key);

Result<void> read_setting(SettingInfo const& info, std::string_view text, std::string& into);
Result<void> read_setting(SettingInfo const& info, std::string_view text, std::int64_t& into);
Result<void> read_setting(SettingInfo const& info, std::string_view text, bool& into);
Result<void> read_setting(SettingInfo const& info, std::string_view text, std::chrono::seconds& into);
Result<void> read_setting(SettingInfo const& info, std::string_view text, std::chrono::milliseconds& into);

std::string print_setting(SettingInfo const& info, std::string const& value);
std::string print_setting(SettingInfo const& info, std::int64_t value);
std::string print_setting(SettingInfo const& info, bool value);
std::string print_setting(SettingInfo const& info, std::chrono::seconds value);
std::string print_setting(SettingInfo const& info, std::chrono::milliseconds value);

}  // namespace fleet
