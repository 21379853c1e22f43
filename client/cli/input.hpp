#pragma once
// Arguments of an operation from what was typed, from files and from the standard input.
#include <fleet/json_value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

class Context;

// Sets the member unless there is nothing to say.
void put(Json& args, char const* name, std::string const& value);
void put(Json& args, char const* name, std::vector<std::string> const& values);
// A length of time as whole seconds, rounded up. Throws `usage` that names the flag.
void put_seconds(Json& args, char const* name, std::string const& typed, std::string_view flag);

// "2h" from now, or a point in time as RFC 3339. Throws `usage` that names the flag.
std::string time_ahead(std::string const& typed, std::string_view flag);

// What was typed, relative to where one stands, as patterns and as paths below the project's top level; what
// was made of a pattern is said. Throws invalid_field.
std::vector<std::string> patterns_of(Context& context, std::vector<std::string> const& typed);
std::vector<std::string> paths_of(Context& context, std::vector<std::string> const& typed);

// "make test=0" as {command, exit_code}. Throws `usage`.
Json evidence_of(std::vector<std::string> const& typed);

// The whole file; "-" is the standard input. Throws `usage` when it cannot be read.
std::string whole_input(std::string const& name);
// The text itself; "-" reads it from the standard input, without the last line break.
std::string text_argument(std::string const& typed);

// Throws `bad_json` that says where: "--data: …".
Json read_json(std::string const& text, std::string_view where);
// JSON as it was typed; "@FILE" reads it from there, "-" from the standard input.
Json json_argument(std::string const& typed, std::string_view flag);
// One JSON document a line, or one list of them.
Json json_lines(std::string const& name);

}  // namespace fleet::cli
