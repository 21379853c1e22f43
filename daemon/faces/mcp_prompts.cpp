// Prompts: texts that a person starts with a word.
#include "faces/mcp_call.hpp"

#include <fleet/briefing.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::faces {

namespace {

constexpr std::size_t argument_max = 4'000;

void replace(std::string& text, std::string const& slot, std::string const& with) {
    if (auto const at = text.find(slot); at != std::string::npos) text.replace(at, slot.size(), with);
}

McpRefusal invalid(std::string message) {
    return {.code = rpc_invalid_params, .message = std::move(message)};
}

}  // namespace

McpReply mcp_get_prompt(McpMessage const& message) {
    auto const name = text_or(message.params, "name", "");
    auto const prompts = mcp_prompts();
    auto const prompt = std::ranges::find(prompts, name, &McpPrompt::name);
    if (prompt == prompts.end()) return invalid(fmt::format("Unknown prompt: {}", name));
    auto const given = message.params.value("arguments", Json::object());
    if (!given.is_object()) return invalid("arguments must be an object");
    for (auto const& [argument, value] : given.items()) {
        bool const is_known =
            std::ranges::find(prompt->arguments, argument, &McpArgument::name) != prompt->arguments.end();
        if (!is_known) return invalid(fmt::format("{} takes no argument {}", name, argument));
        if (!value.is_string()) return invalid(fmt::format("argument {} must be a string", argument));
    }
    for (McpArgument const& argument : prompt->arguments)
        if (argument.is_required && text_or(given, argument.name, "").empty())
            return invalid(fmt::format("argument {} is missing", argument.name));

    std::string text(prompt->text);
    for (McpSlot const& slot : prompt->slots) {
        auto const said = text_or(given, slot.argument, "");
        std::string with(said.empty() ? slot.otherwise : slot.text);
        // A text of several lines must not look like steps of ours.
        bool const is_whole = slot.text == "{}";
        if (!said.empty())
            replace(with, "{}", is_whole ? quoted_text(said, argument_max) : inline_text(said, argument_max));
        replace(text, fmt::format("{{{}}}", slot.slot), with);
    }
    return Json{
        {"description", prompt->words},
        {"messages", Json::array({Json{{"role", "user"}, {"content", {{"type", "text"}, {"text", text}}}}})}};
}

}  // namespace fleet::faces
