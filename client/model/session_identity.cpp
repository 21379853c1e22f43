#include <fleet/session_identity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace fleet {
namespace {

// Read in what the programs ship; docs/guide/identity.md has the versions. A program that tells its children
// nothing (OpenCode, Gemini's shell, Cursor) is not in it: OpenCode's plugin sets FLEET_SESSION.
constexpr std::array<SessionVariable, 6> table{{
    {"claude-code", "CLAUDE_CODE_SESSION_ID"},
    {"claude-code", "CLAUDE_SESSION_ID"},
    {"codex", "CODEX_THREAD_ID"},
    {"codex", "CODEX_SESSION_ID"},
    {"gemini", "GEMINI_SESSION_ID"},
    {"copilot", "COPILOT_AGENT_SESSION_ID"},
}};

constexpr std::size_t id_longest = 200;

bool is_session_id(std::string_view text) {
    auto const printable = [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; };
    return !text.empty() && text.size() <= id_longest && std::all_of(text.begin(), text.end(), printable);
}

bool is_client(std::string_view text) {
    auto const allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !text.empty() && text.size() <= 40 && text.front() >= 'a' && text.front() <= 'z' &&
           std::all_of(text.begin(), text.end(), allowed);
}

Result<SessionName> chosen_session(std::string const& value) {
    auto const slash = value.find('/');
    SessionName name{value.substr(0, slash),
                     slash == std::string::npos ? std::string() : value.substr(slash + 1),
                     std::string(session_variable)};
    if (is_client(name.client) && is_session_id(name.session_id)) return name;
    auto const field = std::string(session_variable);
    Error error = make_error(ErrorCode::invalid_field,
                             fmt::format("{}={} does not name a session", field, value), field);
    error.hint = fmt::format("Write the program and its session's id: {}=opencode/ses_1.", field);
    return error;
}

// How many generations back the variable had this value already: what was set last has the fewest.
std::size_t age(SessionName const& name, std::span<Environment const> parents) {
    std::size_t generations = 0;
    for (Environment const& parent : parents) {
        if (parent(name.variable) != name.session_id) break;
        ++generations;
    }
    return generations;
}

// Of one program the order of the table stays: all its variables are as young as its youngest.
void youngest_first(std::vector<SessionName>& names, std::vector<Environment> const& parents) {
    std::map<std::string, std::size_t> ages;
    for (SessionName const& name : names) {
        auto const [kept, is_new] = ages.try_emplace(name.client, age(name, parents));
        if (!is_new) kept->second = std::min(kept->second, age(name, parents));
    }
    std::stable_sort(names.begin(), names.end(), [&](SessionName const& a, SessionName const& b) {
        return ages.at(a.client) < ages.at(b.client);
    });
}

}  // namespace

std::span<SessionVariable const> session_variables() {
    return table;
}

Result<std::vector<SessionName>> sessions_of(Environment const& own, Parents const& parents) {
    if (auto const value = own(session_variable); !value.empty()) {
        auto chosen = chosen_session(value);
        if (!chosen) return chosen.error();
        return std::vector<SessionName>{*chosen};
    }
    std::vector<SessionName> found;
    for (SessionVariable const& row : table) {
        auto value = own(row.variable);
        if (!is_session_id(value)) continue;
        auto const same = [&](SessionName const& one) {
            return one.client == row.client && one.session_id == value;
        };
        if (std::none_of(found.begin(), found.end(), same))
            found.push_back({std::string(row.client), std::move(value), std::string(row.variable)});
    }
    auto const is_other = [&](SessionName const& one) { return one.client != found.front().client; };
    if (std::any_of(found.begin(), found.end(), is_other)) youngest_first(found, parents());
    return found;
}

}  // namespace fleet
