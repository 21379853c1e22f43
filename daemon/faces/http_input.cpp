#include "faces/http_input.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace fleet::faces {

namespace {

constexpr std::size_t idempotency_key_max = 200;
constexpr std::size_t project_max = 500;

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// One element of the header Accept, like "application/*;q=0.5".
bool allows(std::string_view element, std::string_view type) {
    auto const semicolon = element.find(';');
    auto const range = trimmed(element.substr(0, semicolon));
    if (semicolon != std::string_view::npos) {
        auto const quality = element.find("q=", semicolon);
        // "q=0", "q=0.0", …: named as not acceptable.
        if (quality != std::string_view::npos
            && element.substr(quality + 2).find_first_of("123456789") == std::string_view::npos)
            return false;
    }
    if (range == "*/*" || net::same_name(range, type)) return true;
    auto const slash = type.find('/');
    return range.size() == slash + 2 && range.ends_with("/*") && net::same_name(range.substr(0, slash),
                                                                               type.substr(0, slash));
}

// `"7"`, `W/"7"` or `7`; "*" asks for nothing.
Result<std::optional<std::int64_t>> parse_if_match(std::string_view text) {
    if (text == "*") return std::optional<std::int64_t>();
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    auto const version = number(text);
    if (!version) return make_error(ErrorCode::bad_request, "If-Match takes one ETag, as it was answered");
    return version;
}

}  // namespace

auth::Credentials credentials_of(net::HttpRequest const& request, net::Peer const& peer) {
    auth::Credentials shown;
    if (peer.credentials) {
        shown.uid = peer.credentials->uid;
        shown.pid = peer.credentials->pid;
    }
    constexpr std::string_view scheme = "Bearer ";
    auto const authorization = request.headers.get("Authorization").value_or("");
    if (authorization.size() > scheme.size() &&
        net::same_name(authorization.substr(0, scheme.size()), scheme))
        shown.bearer = std::string(trimmed(authorization.substr(scheme.size())));
    shown.callsign = std::string(request.headers.get("Fleet-As").value_or(""));
    return shown;
}

std::optional<Error> check_idempotency_key(std::string_view key) {
    bool const visible = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
    if (visible && !key.empty() && key.size() <= idempotency_key_max) return std::nullopt;
    return make_error(
        ErrorCode::invalid_field,
        fmt::format("an idempotency key has 1 to {} visible characters of ASCII", idempotency_key_max),
        "/idempotency_key");
}

Result<store::Fence> parse_fence(std::string_view text) {
    auto const first = text.find('/');
    auto const second = first == std::string_view::npos ? first : text.find('/', first + 1);
    auto const token = second == std::string_view::npos ? std::nullopt : number(text.substr(second + 1));
    if (!token || *token < 1 || first == 0 || second == first + 1)
        return make_error(ErrorCode::invalid_field, "Fleet-Fence is like reservation/rsv_…/123", "/fence");
    return store::Fence{.kind = std::string(text.substr(0, first)),
                        .id = std::string(text.substr(first + 1, second - first - 1)),
                        .token = *token};
}

Result<CallHeaders> call_headers(net::Headers const& headers) {
    CallHeaders said;
    said.project = std::string(headers.get("Fleet-Project").value_or(""));
    if (said.project.size() > project_max)
        return make_error(ErrorCode::invalid_field,
                          fmt::format("a project's key has {} bytes at most", project_max), "/project");
    if (auto const key = headers.get("Idempotency-Key")) {
        if (auto error = check_idempotency_key(*key)) return std::move(*error);
        said.idempotency_key = std::string(*key);
    }
    if (auto const fence = headers.get("Fleet-Fence")) {
        auto parsed = parse_fence(*fence);
        if (!parsed) return parsed.error();
        said.fence = *std::move(parsed);
    }
    if (auto const version = headers.get("If-Match")) {
        auto parsed = parse_if_match(*version);
        if (!parsed) return parsed.error();
        said.if_match = *parsed;
    }
    return said;
}

bool accepts(net::Headers const& headers, std::string_view type) {
    bool is_said = false;
    for (auto const& [name, value] : headers) {
        if (!net::same_name(name, "Accept")) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            is_said = true;
            auto const end = std::min(rest.find(','), rest.size());
            if (allows(trimmed(rest.substr(0, end)), type)) return true;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return !is_said;
}

std::optional<Error> check_content_type(net::HttpRequest const& request) {
    auto const given = request.headers.get("Content-Type");
    if (request.body.empty() || !given) return std::nullopt;
    auto const type = trimmed(given->substr(0, given->find(';')));
    if (net::same_name(type, "application/json")) return std::nullopt;
    return make_error(ErrorCode::unsupported_media_type, fmt::format("the body is declared as {}", type));
}

Result<Json> arguments_of(Operation const& operation, Json path_args, Json query, Json body) {
    Json args = std::move(path_args);
    for (auto& [name, value] : query.items()) {
        if (args.contains(name))
            return make_error(ErrorCode::invalid_field, "stands in the path already", json_pointer("", name));
        args[name] = std::move(value);
    }
    // What came as text in the address becomes what the operation declares; what came as JSON is taken as it
    // is.
    args = typed_input(operation, std::move(args));
    if (!body.is_null()) {
        if (!body.is_object()) return make_error(ErrorCode::invalid_field, "the body must be a JSON object");
        for (auto& [name, value] : body.items()) {
            if (args.contains(name))
                return make_error(ErrorCode::invalid_field, "stands in the address already",
                                  json_pointer("", name));
            args[name] = std::move(value);
        }
    }
    if (auto error = check_input(operation, args)) return std::move(*error);
    // An optional member that is null counts as absent.
    for (auto it = args.begin(); it != args.end();) it = it->is_null() ? args.erase(it) : std::next(it);
    return args;
}

}  // namespace fleet::faces
