#include "faces/mcp_address.hpp"

#include "faces/router.hpp"

#include <fleet/json.hpp>

#include <algorithm>
#include <initializer_list>

namespace fleet::faces {

namespace {

// What stands in front of the parameter: "fleet://mission/".
std::string_view start_of(McpResource const& resource) {
    return resource.uri.substr(0, resource.uri.find('{'));
}

bool begins(std::string_view type, std::initializer_list<std::string_view> starts) {
    return std::ranges::any_of(starts, [&](auto start) { return type.starts_with(start); });
}

bool names(Json const& value, std::string const& callsign) {
    if (value.is_string()) return value.get_ref<std::string const&>() == callsign;
    if (!value.is_array()) return false;
    return std::ranges::any_of(value, [&](Json const& one) { return one.is_string() && one == callsign; });
}

bool concerns(Json const& data, std::string const& callsign, std::initializer_list<char const*> members) {
    return std::ranges::any_of(members, [&](char const* member) {
        return data.contains(member) && names(data.at(member), callsign);
    });
}

}  // namespace

std::optional<McpAddress> read_mcp_address(std::string_view uri) {
    auto const mark = uri.find('?');
    auto const path = uri.substr(0, mark);
    McpAddress address{.uri = std::string(uri)};
    for (McpResource const& resource : mcp_resources()) {
        auto const start = start_of(resource);
        bool const is_here = resource.parameter.empty()
                                 ? path == resource.uri
                                 : path.starts_with(start) && path.size() > start.size();
        if (!is_here) continue;
        address.resource = &resource;
        if (resource.parameter.empty()) break;
        auto value = percent_decoded(path.substr(start.size()));
        if (!value || value->find('/') != std::string::npos) return std::nullopt;
        address.value = *std::move(value);
    }
    if (!address.resource) return std::nullopt;
    if (mark == std::string_view::npos) return address;
    auto const query = query_args(uri.substr(mark + 1));
    if (!query || query->size() > (query->contains("project") ? 1U : 0U)) return std::nullopt;
    address.project = text_or(*query, "project", "");
    return address;
}

bool touches(bus::LoggedEvent const& event, McpAddress const& address) {
    if (!address.project.empty() && event.project != address.project) return false;
    auto const& operation = address.resource->operation;
    if (operation == "board" && address.value.empty())
        return begins(event.type, {"mission_", "sortie_", "review_", "pilot_", "fleet_"});
    auto const envelope = Json::parse(event.json, nullptr, false);  // our own database wrote it
    if (!envelope.is_object()) return false;
    Json const data = envelope.value("data", Json::object());
    if (!data.is_object()) return false;
    if (operation == "board") {
        if (!begins(event.type, {"mission_", "sortie_", "review_"})) return false;
        return event.stream_id == address.value || text_or(envelope, "correlation_id", "") == address.value ||
               text_or(data, "mission_id", "") == address.value;
    }
    if (begins(event.type, {"message_"}))
        return concerns(data, address.value, {"to", "reader", "acker", "recipient"});
    if (operation != "briefing") return false;
    return begins(event.type, {"ruling_", "fleet_"}) || text_or(envelope, "actor", "") == address.value ||
           concerns(data, address.value, {"pilot", "holder", "callsign", "reviewer"});
}

}  // namespace fleet::faces
