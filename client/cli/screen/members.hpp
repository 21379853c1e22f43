#pragma once
// One thing, member by member, below its heading.
#include "cli/screen/screen.hpp"

#include <string>
#include <string_view>

namespace fleet::cli {

// "  deadline     in 2h"; nothing when there is no value. The value is made printable.
void say_member(Screen const& screen, std::string_view name, std::string const& value);
// Texts of others: the name, and below it each line behind a bar.
void say_text(Screen const& screen, std::string_view name, std::string const& text);

// "srt_…x7k2pq" of the id in that member.
std::string short_member(Json const& object, std::string_view key);

}  // namespace fleet::cli
