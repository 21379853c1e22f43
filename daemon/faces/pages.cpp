// The pages for machines that look after the daemon.
#include "faces/state.hpp"

#include <fleet/json.hpp>

namespace fleet::faces {

namespace {

net::HttpResponse ready(observe::Health const& health) {
    Json checks = Json::object();
    std::string worst;
    for (auto const& [name, part] : health.parts()) {
        checks[name] =
            Json{{"condition", observe::condition_word(part.condition)}, {"since", time_text(part.since)}};
        if (!part.words.empty()) checks[name]["words"] = part.words;
        bool const is_away =
            part.condition == observe::Condition::starting || part.condition == observe::Condition::down;
        if (is_away && worst.empty()) worst = name + ": " + (part.words.empty() ? "not ready" : part.words);
    }
    if (!health.is_ready())
        return refusal(
            make_error(ErrorCode::away, std::move(worst), {}, Json{{"checks", std::move(checks)}}));
    net::HttpResponse response;
    response.body = json_text(Json{{"ok", true}, {"checks", std::move(checks)}});
    return response;
}

}  // namespace

std::optional<net::HttpResponse> page(Face::State& state, Operation const& operation) {
    net::HttpResponse response;
    if (operation.name == "healthz") {
        response.body = R"({"ok":true})";
    } else if (operation.name == "readyz") {
        response = ready(state.parts.health);
    } else if (operation.name == "metrics") {
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        response.body = state.parts.metrics.prometheus_text();
    } else if (operation.name == "openapi") {
        response.body = openapi_json();
    } else {
        return std::nullopt;
    }
    if (operation.name != "openapi") response.headers.set("Cache-Control", "no-store");
    return response;
}

}  // namespace fleet::faces
