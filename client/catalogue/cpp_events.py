"""C++ of the event catalogue: a struct a type, its codec, and the tables that check_event_data reads."""
import catalogue
from cpp_text import field_tables, pascal, quoted, source

PLAIN = {"string": "std::string", "text": "std::string", "integer": "std::int64_t", "number": "double",
         "boolean": "bool", "timestamp": "Time", "duration": "std::int64_t", "strings": "std::vector<std::string>",
         "object": "Json", "any": "Json"}


def nested_name(field):
    return pascal(field["name"].removesuffix("s"))


def cpp_type(field):
    plain = f"std::vector<{nested_name(field)}>" if field["type"] == "objects" else PLAIN[field["type"]]
    return f"std::optional<{plain}>" if field.get("optional") else plain


def members(fields, indent):
    lines = []
    for field in fields:
        if field["type"] == "objects":
            lines.append(f"{indent}struct {nested_name(field)} {{")
            lines += members(field["fields"], indent + "    ")
            lines.append(f"{indent}    friend bool operator==({nested_name(field)} const&, {nested_name(field)} const&)"
                         " = default;")
            lines.append(f"{indent}}};")
    for field in fields:
        words = f"    // {field['words']}" if field.get("words") else ""
        line = f"{indent}{cpp_type(field)} {field['name']}{{}};"
        lines += [line + words] if len(line + words) <= 110 else [f"{indent}// {field['words']}", line]
    return lines


def struct(row):
    name = pascal(row["type"])
    lines = [f"// {row['words']}", f"struct {name} {{",
             f"    static constexpr std::string_view type = {quoted(row['type'])};",
             f"    static constexpr std::string_view stream_type = {quoted(row['stream_type'])};",
             f"    static constexpr std::int32_t schema_version = {row['schema_version']};", ""]
    lines += members(row["fields"], "    ")
    lines += ["", "    Json to_json() const;",
              f"    static Result<{name}> from_json(Json const& data);",
              f"    friend bool operator==({name} const&, {name} const&) = default;", "};"]
    return "\n".join(lines)


def header(document):
    structs = "\n\n".join(struct(row) for row in document["types"])
    names = ",\n    ".join(pascal(row["type"]) for row in document["types"])
    return source(f"""#pragma once

#include <fleet/field.hpp>
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace fleet {{

// One schema version of a type.
struct EventVersion {{
    std::span<Field const> fields;
}};

struct EventType {{
    std::string_view type;
    std::string_view family;
    std::string_view stream_type;
    std::string_view command;                    // the command that alone writes it; "" when open
    bool open;                                   // anyone may append it
    std::int32_t schema_version;                 // the newest
    std::span<EventVersion const> versions;      // index 0 is version 1
    std::string_view words;
}};

std::span<EventType const> event_types();
EventType const* find_event_type(std::string_view type);

// Types that a later release brings: named, so that a reader of an old program can say so.
std::span<std::string_view const> later_event_types();

// True for a name that users may give to events of their own: `x.` and then `[a-z0-9][a-z0-9_.-]{{0,62}}`.
bool is_user_event_type(std::string_view type);

// What is wrong with `data` as the payload of such an event, `field` pointing into the event ("/data/…",
// "/type", "/schema_version"); empty when nothing is.
std::optional<Error> check_event_data(std::string_view type, std::int32_t schema_version, Json const& data);

// The payloads. `from_json` reads the newest schema version and refuses everything else.

{structs}

using EventPayloads = std::tuple<
    {names}>;

}}  // namespace fleet
""")


def writer(fields, target, value, indent):
    lines = []
    for field in fields:
        key, access = quoted(field["name"]), f"{value}.{field['name']}"
        optional = bool(field.get("optional"))
        plain = f"*{access}" if optional else access
        if field["type"] == "objects":
            at = indent
            if optional:
                lines.append(f"{indent}if ({access}) {{")
                at = indent + "    "
            inner = nested_name(field)
            lines.append(f"{at}Json {field['name']}_list = Json::array();")
            lines.append(f"{at}for (auto const& item : {plain}) {{")
            lines.append(f"{at}    Json {inner.lower()}_json = Json::object();")
            lines += writer(field["fields"], f"{inner.lower()}_json", "item", at + "    ")
            lines.append(f"{at}    {field['name']}_list.push_back(std::move({inner.lower()}_json));")
            lines.append(f"{at}}}")
            lines.append(f"{at}{target}[{key}] = std::move({field['name']}_list);")
            if optional:
                lines.append(f"{indent}}}")
            continue
        text = f"time_text({plain})" if field["type"] == "timestamp" else plain
        guard = f"if ({access}) " if optional else ""
        lines.append(f"{indent}{guard}{target}[{key}] = {text};")
    return lines


def reader(fields, target, value, indent):
    lines = []
    for field in fields:
        key = quoted(field["name"])
        if field["type"] == "objects":
            at, place = indent, f"{target}.{field['name']}"
            if field.get("optional"):
                lines.append(f"{indent}if ({value}.contains({key})) {{")
                at = indent + "    "
                lines.append(f"{at}auto& {field['name']} = {place}.emplace();")
                place = field["name"]
            lines.append(f"{at}for (auto const& item : {value}.at({key})) {{")
            lines.append(f"{at}    auto& entry = {place}.emplace_back();")
            lines += reader(field["fields"], "entry", "item", at + "    ")
            lines.append(f"{at}}}")
            if field.get("optional"):
                lines.append(f"{indent}}}")
            continue
        lines.append(f"{indent}read({value}, {key}, {target}.{field['name']});")
    return lines


def codec(row):
    name = pascal(row["type"])
    write = "\n".join(writer(row["fields"], "json", "(*this)", "    ")).replace("(*this).", "")
    read = "\n".join(reader(row["fields"], "payload", "data", "    "))
    return f"""Json {name}::to_json() const {{
    Json json = Json::object();
{write}
    return json;
}}

Result<{name}> {name}::from_json(Json const& data) {{
    if (auto problem = check_event_data(type, schema_version, data)) return *std::move(problem);
    {name} payload;
{read}
    return payload;
}}
"""


def tables(document):
    lines, rows = [], []
    for row in document["types"]:
        versions = []
        for number, fields in enumerate(row["versions"], 1):
            name = field_tables(f"{row['type']}_v{number}", fields, lines)
            versions.append(f"EventVersion{{.fields = {name}}}")
        lines.append(f"constexpr EventVersion {row['type']}_versions[] = {{{', '.join(versions)}}};\n")
        rows.append(f"    EventType{{.type = {quoted(row['type'])}, .family = {quoted(row['family'])}, "
                    f".stream_type = {quoted(row['stream_type'])},\n"
                    f"              .command = {quoted(row.get('command', ''))}, "
                    f".open = {'true' if row.get('open') else 'false'}, .schema_version = {row['schema_version']}, "
                    f".versions = {row['type']}_versions,\n              .words = {quoted(row['words'])}}},")
    lines.append("constexpr EventType types[] = {\n" + "\n".join(rows) + "\n};\n")
    later = ",\n    ".join(quoted(name) for name in catalogue.later(document))
    lines.append("constexpr std::string_view later[] = {\n    " + later + "};")
    return "\n".join(lines)


def body(document):
    codecs = "\n".join(codec(row) for row in document["types"])
    return source(f"""#include <fleet/events.hpp>

#include <utility>

namespace fleet {{
namespace {{

{tables(document)}

// `data` was checked: what is there has the right type.
void read(Json const& data, char const* key, std::string& value) {{ value = data.at(key).get<std::string>(); }}
void read(Json const& data, char const* key, std::int64_t& value) {{ value = data.at(key).get<std::int64_t>(); }}
void read(Json const& data, char const* key, bool& value) {{ value = data.at(key).get<bool>(); }}
void read(Json const& data, char const* key, Json& value) {{ value = data.at(key); }}
void read(Json const& data, char const* key, std::vector<std::string>& value) {{
    value = data.at(key).get<std::vector<std::string>>();
}}
void read(Json const& data, char const* key, Time& value) {{
    value = parse_time(data.at(key).get_ref<std::string const&>()).value();
}}

template <class T>
void read(Json const& data, char const* key, std::optional<T>& value) {{
    if (data.contains(key)) read(data, key, value.emplace());
}}

}}  // namespace

std::span<EventType const> event_types() {{ return types; }}
std::span<std::string_view const> later_event_types() {{ return later; }}

{codecs}
}}  // namespace fleet
""")
