"""The reference page of what models are offered over MCP."""
import mcp
from pages import NOTE, field_table, table


def tool_section(tool):
    behind = [tool["operation"]] if "operation" in tool else tool["macro"]
    links = ", ".join(f"[`{name}`](operations.md#{name.replace('.', '')})" for name in behind)
    hints = ", ".join(name for name, value in tool["hints"].items() if value) or "changes things, takes nothing away"
    defaults = ", ".join(f"`{name}` {mcp.compact(value)}" for name, value in tool.get("defaults", {}).items())
    return (f"## {tool['name']}\n\n{tool['words']}\n\n- Behind it: {links}\n- Budget of an answer: {tool['budget']} tokens\n"
            f"- Annotations: {hints}\n" + (f"- Defaults: {defaults}\n" if defaults else "")
            + f"- Answer: {', '.join(f'`{path}`' for path in tool['keep'])}\n\n{field_table(tool['input'])}")


def text(found):
    tools = table(("tool", "budget", ""), [(f"[`{tool['name']}`](#{tool['name']})", tool["budget"], tool["words"])
                                           for tool in found["tools"]])
    resources = table(("resource", "type", ""), [(f"`{row['uri']}`", row["mime"], row["words"])
                                                 for row in found["resources"] + found["templates"]])
    prompts = table(("prompt", "arguments", ""), [
        (f"`{row['name']}`", ", ".join(f"`{argument['name']}`" + ("" if argument.get("required") else "?")
                                       for argument in row["arguments"]), row["words"]) for row in found["prompts"]])
    sections = "\n".join(tool_section(tool) for tool in found["tools"])
    return f"""{NOTE}# MCP: tools, resources, prompts

What `fleet mcp` and `POST /mcp` offer to models. `?` marks what may be absent; unknown arguments are refused. Every answer
is a short text and the same as structured content; neither is longer than the budget of its tool, in tokens as
`fleet::estimated_tokens` counts them. What does not fit is left out, and `left_out` says how much.

{tools}
{resources}
Behind a resource's URI `?project=KEY` may name the project.

{prompts}
{sections}"""
