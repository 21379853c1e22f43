#include "api/request.hpp"

#include "transport/endpoint.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet {
namespace {

std::string value_text(Json const& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return json_text(value);
    std::string joined;
    for (Json const& item : value) joined += (joined.empty() ? "" : ",") + value_text(item);
    return joined;
}

// Replaces each {name} of the path by the argument, which then is no longer one.
Result<std::string> fill_path(std::string_view path, Json& args) {
    std::string out;
    while (!path.empty()) {
        auto open = path.find('{');
        out += path.substr(0, open);
        if (open == std::string_view::npos) break;
        auto close = path.find('}', open);
        std::string name(path.substr(open + 1, close - open - 1));
        auto found = args.find(name);
        bool given = found != args.end() && !found->is_null() && !value_text(*found).empty();
        if (!given)
            return make_error(ErrorCode::invalid_field, fmt::format("{} is missing", name), "/" + name);
        out += transport::encode_segment(value_text(*found));
        args.erase(found);
        path.remove_prefix(close + 1);
    }
    return out;
}

std::string query_of(Json const& args) {
    std::string out;
    for (auto const& [name, value] : args.items()) {
        if (value.is_null()) continue;
        out += out.empty() ? '?' : '&';
        out += transport::encode_segment(name) + "=" + transport::encode_segment(value_text(value));
    }
    return out;
}

// Events with ids of their own are known again by these: a key beside them would only cost a row.
bool is_repeatable(Json const& args) {
    if (!args.contains("events") || !args.at("events").is_array() || args.at("events").empty()) return false;
    for (Json const& event : args.at("events"))
        if (!event.is_object() || !event.contains("event_id")) return false;
    return true;
}

}  // namespace

Result<transport::HttpRequest> make_request(Operation const& operation, Json args,
                                            CallOptions const& options) {
    if (operation.method.empty()) {
        return make_error(ErrorCode::not_found, fmt::format("{} is not offered over HTTP", operation.name));
    }
    if (args.is_null()) args = Json::object();
    auto path = fill_path(operation.path, args);
    if (!path) return path.error();

    transport::HttpRequest request;
    request.method = operation.method;
    request.target = "/api/v1" + *path;
    request.headers.push_back({"Accept", "application/json, application/problem+json, application/x-ndjson"});
    if (request.method == "GET") {
        request.target += query_of(args);
        return request;
    }
    request.body = json_text(args);
    request.headers.push_back({"Content-Type", "application/json"});
    std::string key = options.idempotency_key;
    if (key.empty() && !is_repeatable(args)) key = new_id("idem");
    if (!key.empty()) request.headers.push_back({"Idempotency-Key", std::move(key)});
    if (options.fence) {
        auto fence = fmt::format("{}/{}/{}", options.fence->kind, options.fence->id, options.fence->token);
        request.headers.push_back({"Fleet-Fence", std::move(fence)});
    }
    if (options.if_match)
        request.headers.push_back({"If-Match", fmt::format("\"{}\"", *options.if_match)});
    return request;
}

Result<Json> document_of(transport::HttpAnswer const& answer) {
    if (answer.body.empty() && answer.is_ok()) return Json::object();
    auto document = parse_json(answer.body);
    if (answer.is_ok() && document) return *std::move(document);
    if (!answer.is_ok() && document && document->is_object()) return error_from_problem(*document);
    auto text = fmt::format("the daemon answered {} with a body that is not JSON", answer.status);
    return make_error(ErrorCode::internal, std::move(text), {}, Json{{"body", answer.body.substr(0, 200)}});
}

}  // namespace fleet
