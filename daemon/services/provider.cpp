#include "services/provider.hpp"

#include "services/failure.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <regex>

namespace fleet::services {
namespace {

struct Look {
    std::string_view state;
    std::string_view symbol;
    std::string_view health;
};

// In the order of ServerState. The symbol can be told apart without colour.
constexpr std::array<Look, 6> looks{{{"absent", "○", "not set up"},
                                     {"stopped", "○", "stopped"},
                                     {"starting", "◐", "starting"},
                                     {"running", "●", "healthy"},
                                     {"unresponsive", "✗", "does not answer"},
                                     {"away", "✗", "away"}}};

Look const& look_of(ServerState state) {
    return looks.at(static_cast<std::size_t>(state));
}

}  // namespace

asio::awaitable<Result<std::string>> Provider::set_aside(Progress) {
    co_return failure(ErrorCode::not_configured, "the data of this server are not within reach of fleetd",
                      "Give it an empty database, and try again.");
}

asio::awaitable<Result<std::string>> Provider::recover(RecoveryPlan, Progress) {
    co_return failure(ErrorCode::not_configured,
                      "a point in time is restored by the fleetd that runs the server with provider native",
                      "A base backup and its archived WAL can be put back by hand: docs/guide/backup.md.");
}

asio::awaitable<Result<std::string>> Provider::take_recovered(Progress) {
    co_return failure(ErrorCode::not_running, "nothing was recovered");
}

asio::awaitable<void> Provider::drop_recovered() {
    co_return;
}

std::string_view state_word(ServerState state) {
    return look_of(state).state;
}

Json status_json(ServerStatus const& status) {
    auto const& look = look_of(status.state);
    Json json{{"provider", status.provider},
              {"state", look.state},
              {"symbol", look.symbol},
              {"health", look.health}};
    if (!status.words.empty()) json["words"] = status.words;
    if (!status.version.empty()) json["version"] = status.version;
    if (!status.host.empty()) json["host"] = status.host;
    if (status.port != 0) json["port"] = status.port;
    if (!status.container.empty()) json["container"] = status.container;
    if (!status.image.empty()) json["image"] = status.image;
    if (!status.chosen_because.empty()) json["chosen_because"] = status.chosen_because;
    if (!status.data_directory.empty()) json["data_directory"] = status.data_directory;
    if (status.pid) json["pid"] = *status.pid;
    if (status.uptime) json["uptime_seconds"] = status.uptime->count() / 1000;
    if (status.memory_bytes) json["memory_bytes"] = *status.memory_bytes;
    if (status.query) json["query_ms"] = static_cast<double>(status.query->count()) / 1000.0;
    return json;
}

std::string url_escaped(std::string_view text) {
    std::string result;
    for (char c : text) {
        auto const is_plain =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
        result += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return result;
}

std::string conninfo_value(std::string_view value) {
    std::string quoted = "'";
    for (char c : value) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

std::string without_password(std::string_view dsn) {
    std::string text(dsn);
    static std::regex const in_authority("^(postgres(?:ql)?://[^:@/]*):[^@/]*@");
    static std::regex const in_query("([?&])password=[^&]*&?");
    static std::regex const in_pairs("\\bpassword\\s*=\\s*('(?:[^'\\\\]|\\\\.)*'|[^'\\s]\\S*)\\s*");
    if (text.starts_with("postgres")) {
        text = std::regex_replace(text, in_authority, "$1@");
        text = std::regex_replace(text, in_query, "$1");
        if (!text.empty() && (text.back() == '?' || text.back() == '&')) text.pop_back();
        return text;
    }
    return std::regex_replace(text, in_pairs, "");
}

}  // namespace fleet::services
