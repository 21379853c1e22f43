#pragma once
// Which session of an agent program this process belongs to, as the program tells its children in variables
// of the environment.
#include <fleet/result.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

// A session, by the id that its own program gave it.
struct SessionName {
    std::string client{};      // "claude-code", "codex", …
    std::string session_id{};  // 1 to 200 printable characters
    std::string variable{};    // that said so

    friend bool operator==(SessionName const&, SessionName const&) = default;
};

struct SessionVariable {
    std::string_view client;
    std::string_view variable;
};

// The variable that anybody may set, in the form client/id; it is stronger than those of the table.
inline constexpr std::string_view session_variable = "FLEET_SESSION";

// Client by client, the most telling variable first.
std::span<SessionVariable const> session_variables();

// "" where a variable is not set.
using Environment = std::function<std::string(std::string_view name)>;
// The environments of a process' parents, nearest first; asked for only when several programs are named.
using Parents = std::function<std::vector<Environment>()>;

// Every session that the environment names, the likeliest first: FLEET_SESSION alone if it is set, else by
// the table. Where programs run in one another (Codex started by Claude Code), the parents tell which
// variable was set last: that program is the one at work. Errors: invalid_field (a FLEET_SESSION that is not
// client/id).
Result<std::vector<SessionName>> sessions_of(Environment const& own, Parents const& parents);

}  // namespace fleet
