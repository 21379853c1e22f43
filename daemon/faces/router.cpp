#include "faces/router.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace fleet::faces {

namespace {

constexpr std::string_view base = "/api/v1";
// Where tools look for them; the same things below /api/v1.
constexpr std::array<std::string_view, 10> at_root{
    "/healthz", "/readyz", "/metrics", "/openapi.json", "/ws", "/mcp", "/hooks/{client}/{event}",
    "/v1/logs", "/v1/traces", "/v1/metrics"};

std::vector<std::string> segments_of(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);                       // "/"
        auto const end = std::min(path.find('/'), path.size());
        segments.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Error broken(std::string_view text, std::string_view why) {
    return make_error(ErrorCode::bad_request, fmt::format("'{}' in the address {}", text, why));
}

bool matches(std::vector<std::string> const& pattern, std::vector<std::string> const& path) {
    return std::ranges::equal(pattern, path, [](auto const& wanted, auto const& given) {
        return is_parameter(wanted) ? !given.empty() : wanted == given;
    });
}

}  // namespace

Result<std::string> percent_decoded(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += text[i];
            continue;
        }
        int const high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        int const low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low < 0) return broken(text, "has a broken percent escape");
        plain += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (plain.find('\0') != std::string::npos) return broken(text, "holds a NUL character");
    // The one judge of UTF-8 is the JSON reader.
    auto const judged = Json(plain).dump(-1, ' ', false, Json::error_handler_t::ignore);
    if (plain != Json::parse(judged, nullptr, false).get<std::string>()) return broken(text, "is not UTF-8");
    return plain;
}

Result<Json> query_args(std::string_view query) {
    Json args = Json::object();
    while (!query.empty()) {
        auto const end = std::min(query.find('&'), query.size());
        std::string pair(query.substr(0, end));
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        std::ranges::replace(pair, '+', ' ');
        auto const equals = pair.find('=');
        auto name = percent_decoded(std::string_view(pair).substr(0, equals));
        if (!name) return name.error();
        auto value = equals == std::string::npos ? Result<std::string>(std::string())
                                                 : percent_decoded(std::string_view(pair).substr(equals + 1));
        if (!value) return value.error();
        if (args.contains(*name))
            return make_error(ErrorCode::invalid_field, "the parameter stands in the address twice",
                              json_pointer("", *name));
        args[*std::move(name)] = *std::move(value);
    }
    return args;
}

Router::Router() {
    for (Operation const& operation : fleet::operations()) {
        if (operation.method.empty()) continue;
        entries_.push_back({segments_of(std::string(base) + std::string(operation.path)), &operation});
        if (std::ranges::find(at_root, operation.path) != at_root.end())
            entries_.push_back({segments_of(operation.path), &operation});
    }
    // Words before parameters: /reservations/waiting is not a reservation called "waiting".
    std::ranges::stable_sort(entries_, {}, [](Entry const& entry) {
        return std::ranges::count_if(entry.segments, is_parameter);
    });
}

Result<Route> Router::find(std::string_view method, std::string_view path) const {
    if (!path.starts_with('/')) return broken(path, "does not begin with /");
    if (method == "HEAD") method = "GET";
    auto const given = segments_of(path);
    std::vector<std::string> allowed;
    for (Entry const& entry : entries_) {
        if (!matches(entry.segments, given)) continue;
        if (entry.operation->method != method) {
            allowed.emplace_back(entry.operation->method);
            continue;
        }
        Route route{.operation = entry.operation};
        for (std::size_t i = 0; i < given.size(); ++i) {
            auto const& wanted = entry.segments[i];
            if (!is_parameter(wanted)) continue;
            auto value = percent_decoded(given[i]);
            if (!value) return value.error();
            route.path_args[wanted.substr(1, wanted.size() - 2)] = *std::move(value);
        }
        return route;
    }
    if (allowed.empty())
        return make_error(ErrorCode::not_found, fmt::format("there is nothing at {}", path));
    std::ranges::sort(allowed);
    allowed.erase(std::ranges::unique(allowed).begin(), allowed.end());
    return make_error(ErrorCode::method_not_allowed,
                      fmt::format("{} is not possible here; {} is", method, fmt::join(allowed, ", ")), {},
                      Json{{"allow", allowed}});
}

}  // namespace fleet::faces
