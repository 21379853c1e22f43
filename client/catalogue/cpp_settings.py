"""C++ of the settings: a struct with one member a key, the table that describes them, and two generic accessors."""
from cpp_text import number, quoted, source

MEMBER = {"text": "std::string", "secret": "std::string", "path": "std::string", "choice": "std::string",
          "integer": "std::int64_t", "bytes": "std::int64_t", "seconds": "std::chrono::seconds",
          "millis": "std::chrono::milliseconds", "flag": "bool"}


def initial(row):
    value = row.get("default", "")
    if row["type"] in ("text", "secret", "path", "choice"):
        return quoted(str(value))
    if row["type"] == "flag":
        return "true" if value else "false"
    return number(value)


def comment(words, indent):
    """The words of a setting as a comment of lines that fit."""
    lines, line = [], ""
    for word in words.split():
        if line and len(indent) + 3 + len(line) + 1 + len(word) > 110:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join(f"{indent}// {text}" for text in [*lines, line])


def header(rows):
    members = "\n".join(
        f"{comment(row['words'], '    ')}\n    {MEMBER[row['type']]} {row['key']}{{{initial(row)}}};" for row in rows)
    return source(f"""#pragma once

#include <fleet/result.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fleet {{

// Every setting of fleetd and fleet with its default. docs/reference/settings.md lists them.
struct Settings {{
{members}

    friend bool operator==(Settings const&, Settings const&) = default;
}};

enum class SettingType {{ text, secret, path, choice, integer, seconds, millis, bytes, flag }};

struct SettingInfo {{
    std::string_view key;
    SettingType type;
    std::string_view default_text;
    std::int64_t min, max;                          // of a number, in its unit
    std::span<std::string_view const> choices;
    std::string_view env;                           // FLEET_…
    std::string_view flag;                          // --…
    bool reloadable;                                // takes effect at SIGHUP
    bool secret;                                    // never printed, never a flag
    std::string_view words;
}};

std::span<SettingInfo const> setting_infos();
SettingInfo const* find_setting(std::string_view key);

// Reads `text` into the member `key`. Durations and sizes take units ("90s", "1MiB").
// Errors: unknown_field with the nearest key, invalid_field with the range; the field is "/" + key.
Result<void> set_setting(Settings& settings, std::string_view key, std::string_view text);

// The value as `set_setting` reads it; "set" or "" for a secret.
std::string setting_text(Settings const& settings, std::string_view key);

}}  // namespace fleet
""")


def default_text(row):
    value = row.get("default", "")
    if row["type"] == "flag":
        return "true" if value else "false"
    if row["type"] == "seconds":
        return f"{value}s"
    if row["type"] == "millis":
        return f"{value}ms"
    return str(value)


def body(rows):
    choices = "\n".join(
        f"constexpr std::string_view {row['key']}_choices[] = {{{', '.join(quoted(c) for c in row['choices'])}}};"
        for row in rows if row.get("choices"))
    table = "\n".join(
        f"    SettingInfo{{.key = {quoted(row['key'])}, .type = SettingType::{row['type']}, "
        f".default_text = {quoted(default_text(row))},\n"
        f"                .min = {number(row.get('min', 0))}, .max = {number(row.get('max', 0))}, "
        f".choices = {row['key'] + '_choices' if row.get('choices') else '{}'},\n"
        f"                .env = {quoted(row['env'])}, .flag = {quoted('' if row['secret'] else row['flag'])}, "
        f".reloadable = {'true' if row['reloadable'] else 'false'}, "
        f".secret = {'true' if row['secret'] else 'false'},\n                .words = {quoted(row['words'])}}},"
        for row in rows)
    visits = "\n".join(f"    if (key == {quoted(row['key'])}) return visit(settings.{row['key']});" for row in rows)
    return source(f"""#include <fleet/settings.hpp>

#include "model/setting_value.hpp"

#include <fleet/assert.hpp>

namespace fleet {{
namespace {{

{choices}

constexpr SettingInfo table[] = {{
{table}
}};

// Calls `visit` with the member that `key` names; the key is known.
template <class SettingsRef, class Visit>
auto with_member(SettingsRef& settings, std::string_view key, Visit visit) {{
{visits}
    FLEET_ASSERT(false, "find_setting and with_member know the same keys");
    return visit(settings.{rows[0]['key']});
}}

}}  // namespace

std::span<SettingInfo const> setting_infos() {{ return table; }}

Result<void> set_setting(Settings& settings, std::string_view key, std::string_view text) {{
    auto const* info = find_setting(key);
    if (info == nullptr) return unknown_setting(key);
    return with_member(settings, key, [&](auto& member) {{ return read_setting(*info, text, member); }});
}}

std::string setting_text(Settings const& settings, std::string_view key) {{
    auto const* info = find_setting(key);
    if (info == nullptr) return {{}};
    return with_member(settings, key, [&](auto const& member) {{ return print_setting(*info, member); }});
}}

}}  // namespace fleet
""")
