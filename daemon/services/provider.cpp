#include "services/provider.hpp"

#include "services/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

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

namespace {

bool is_secret(std::string_view key) {
    constexpr std::array<std::string_view, 5> secrets{"password", "sslpassword", "oauth_client_secret",
                                                      "scram_client_key", "scram_server_key"};
    return std::find(secrets.begin(), secrets.end(), key) != secrets.end();
}

// libpq takes letters of a key in the form %70, too.
std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned char code = 0;
        auto const* const digits = text.data() + at + 1;
        if (text[at] == '%' && at + 2 < text.size() &&
            std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
            out += static_cast<char>(code);
            at += 2;
        } else {
            out += text[at];
        }
    }
    return out;
}

// scheme://user:password@hosts/database?key=value&key=value
std::string uri_without_password(std::string_view uri) {
    auto const query_at = std::min(uri.find('?'), uri.size());
    std::string text(uri.substr(0, query_at));
    auto const from = text.find("://") + 3;
    auto const end = std::min(text.find_first_of("@/", from), text.size());
    auto const colon = text.find(':', from);
    if (end < text.size() && text[end] == '@' && colon < end) text.erase(colon, end - colon);
    char separator = '?';
    auto query = uri.substr(std::min(query_at + 1, uri.size()));
    while (!query.empty()) {
        auto const option = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(option.size() + 1, query.size()));
        if (option.empty() || is_secret(decoded(option.substr(0, option.find('='))))) continue;
        text += separator;
        text += option;
        separator = '&';
    }
    return text;
}

// key=value key='it\'s' key=it\ is; what libpq would not take either is not shown at all.
std::string pairs_without_password(std::string_view rest) {
    constexpr std::string_view spaces = " \t\n\r\f\v";
    auto const skip = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(spaces), rest.size())); };
    std::string text;
    for (skip(); !rest.empty(); skip()) {
        auto const key = rest.substr(0, rest.find_first_of("= \t\n\r\f\v"));
        rest.remove_prefix(key.size());
        skip();
        if (rest.empty() || rest.front() != '=') return {};
        rest.remove_prefix(1);
        skip();
        bool const is_quoted = !rest.empty() && rest.front() == '\'';
        auto const stops = is_quoted ? std::string_view("'") : spaces;
        std::size_t end = is_quoted ? 1 : 0;
        while (end < rest.size() && stops.find(rest[end]) == stops.npos) end += rest[end] == '\\' ? 2U : 1U;
        end += is_quoted ? 1U : 0U;
        if (is_quoted && end > rest.size()) return {};
        auto const value = rest.substr(0, end);
        rest.remove_prefix(value.size());
        if (is_secret(key)) continue;
        text += text.empty() ? "" : " ";
        text.append(key).append("=").append(value);
    }
    return text;
}

}  // namespace

std::string without_password(std::string_view dsn) {
    auto const is_uri = dsn.starts_with("postgres://") || dsn.starts_with("postgresql://");
    return is_uri ? uri_without_password(dsn) : pairs_without_password(dsn);
}

}  // namespace fleet::services
