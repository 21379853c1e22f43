"""C++ of what models are offered over MCP: lists as finished JSON texts, and tables of what stands behind them."""
import mcp
from cpp_text import field_tables, quoted, source

HEADER = """#pragma once

#include <fleet/field.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace fleet {

// A tool of MCP. Views point to static storage.
struct McpTool {
    std::string_view name;
    std::string_view operation;                      // "" when it is made of several
    std::span<Field const> input;
    std::string_view defaults;                       // JSON object: arguments of the operation if they are left out
    std::span<std::string_view const> keep;          // members of its answer: "items.holder", …
    std::int64_t budget;                             // tokens, of its text and of its structured content alike
    bool is_read_only;
    bool is_everyones;                               // `callsign` says who asks, and filters nothing
};

struct McpResource {
    std::string_view uri;                            // with {parameter} at its end, or whole
    std::string_view operation;
    std::string_view parameter;                      // field of the operation; "" when the URI is whole
    std::string_view mime;
    std::string_view defaults;
    std::int64_t budget;
};

// Where an argument stands in the text of a prompt.
struct McpSlot {
    std::string_view slot;                           // {slot} in the text
    std::string_view argument;
    std::string_view text;                           // what stands there; {} is the argument
    std::string_view otherwise;                      // without the argument
};

struct McpArgument {
    std::string_view name;
    bool is_required;
};

struct McpPrompt {
    std::string_view name;
    std::string_view words;
    std::span<McpArgument const> arguments;
    std::string_view text;
    std::span<McpSlot const> slots;
};

std::span<McpTool const> mcp_tools();
McpTool const* find_mcp_tool(std::string_view name);
std::span<McpResource const> mcp_resources();
std::span<McpPrompt const> mcp_prompts();
std::string_view mcp_instructions();

// JSON arrays, always in the same order.
std::string_view mcp_tools_json();
std::string_view mcp_resources_json();
std::string_view mcp_templates_json();
std::string_view mcp_prompts_json();

}  // namespace fleet
"""


def flag(value):
    return "true" if value else "false"


def texts(name, values, lines):
    if not values:
        return "{}"
    lines.append(f"constexpr std::string_view {name}[] = {{{', '.join(quoted(value) for value in values)}}};")
    return name


def tool_rows(found, lines):
    rows = []
    for tool in found["tools"]:
        fields = field_tables(f"{tool['name']}_in", [dict(field, nullable=True) if field.get("optional") else field
                                                     for field in tool["input"]], lines)
        keep = texts(f"{tool['name']}_keep", tool["keep"], lines)
        rows.append(f"    McpTool{{.name = {quoted(tool['name'])}, .operation = {quoted(tool.get('operation', ''))},\n"
                    f"            .input = {fields}, .defaults = {quoted(mcp.compact(tool.get('defaults', {})))},\n"
                    f"            .keep = {keep}, .budget = {tool['budget']},\n"
                    f"            .is_read_only = {flag(tool['hints'].get('readOnlyHint'))}, "
                    f".is_everyones = {flag(tool.get('everyones'))}}},")
    return rows


def resource_rows(found):
    return [f"    McpResource{{.uri = {quoted(row['uri'])}, .operation = {quoted(row['operation'])},\n"
            f"                .parameter = {quoted(row.get('parameter', ''))}, .mime = {quoted(row['mime'])},\n"
            f"                .defaults = {quoted(mcp.compact(row['defaults']))}, .budget = {row['budget']}}},"
            for row in found["resources"] + found["templates"]]


def prompt_rows(found, lines):
    rows = []
    for row in found["prompts"]:
        prefix = row["name"].replace("-", "_")
        lines.append(f"constexpr McpArgument {prefix}_arguments[] = {{" + ", ".join(
            f"{{{quoted(argument['name'])}, {flag(argument.get('required'))}}}" for argument in row["arguments"]) + "};")
        lines.append(f"constexpr McpSlot {prefix}_slots[] = {{" + ", ".join(
            f"{{{quoted(slot['slot'])}, {quoted(slot['argument'])}, {quoted(slot['text'])}, {quoted(slot.get('otherwise', ''))}}}"
            for slot in row["slots"]) + "};")
        rows.append(f"    McpPrompt{{.name = {quoted(row['name'])}, .words = {quoted(row['words'])},\n"
                    f"              .arguments = {prefix}_arguments,\n"
                    f"              .text = {quoted(row['text'])},\n              .slots = {prefix}_slots}},")
    return rows


def header():
    return source(HEADER)


def body(found):
    lines = []
    tools, resources, prompts = tool_rows(found, lines), resource_rows(found), prompt_rows(found, lines)
    listed = {"tools": mcp.tools_text(found), "resources": mcp.resources_text(found),
              "templates": mcp.templates_text(found), "prompts": mcp.prompts_text(found)}
    return source("""#include <fleet/mcp.hpp>

#include <algorithm>

namespace fleet {
namespace {

""" + "\n".join(lines) + "\n\nconstexpr McpTool tools[] = {\n" + "\n".join(tools) + "\n};\n\nconstexpr McpResource resources[] = {\n"
        + "\n".join(resources) + "\n};\n\nconstexpr McpPrompt prompts[] = {\n" + "\n".join(prompts) + """
};

}  // namespace

std::span<McpTool const> mcp_tools() { return tools; }

McpTool const* find_mcp_tool(std::string_view name) {
    auto const* const found = std::ranges::find(tools, name, &McpTool::name);
    return found == std::end(tools) ? nullptr : found;
}

std::span<McpResource const> mcp_resources() { return resources; }
std::span<McpPrompt const> mcp_prompts() { return prompts; }
std::string_view mcp_instructions() { return """ + quoted(found["instructions"]) + "; }\n"
        + "".join(f"std::string_view mcp_{name}_json() {{ return {quoted(text)}; }}\n" for name, text in listed.items())
        + """
}  // namespace fleet
""")
