#include "cli/screen/members.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {

void say_member(Screen const& screen, std::string_view name, std::string const& value) {
    if (!value.empty()) screen.say(fmt::format("  {:<12} {}", name, printable(value)));
}

void say_text(Screen const& screen, std::string_view name, std::string const& text) {
    if (text.empty()) return;
    if (!name.empty()) screen.say(fmt::format("  {}", name));
    for (std::string const& line : barred(text)) screen.say(line);
}

std::string short_member(Json const& object, std::string_view key) {
    auto id = text_or(object, key, "");
    return id.empty() ? id : short_id(id);
}

}  // namespace fleet::cli
