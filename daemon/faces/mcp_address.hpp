// Addresses of MCP's resources: fleet://mission/msn_…?project=KEY. Pure; internal to this room.
#pragma once

#include "bus/filter.hpp"

#include <fleet/json_value.hpp>
#include <fleet/mcp.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fleet::faces {

struct McpAddress {
    std::string uri{};
    McpResource const* resource = nullptr;
    std::string value{};    // of its parameter, decoded
    std::string project{};  // "" where the address does not say it
};

// Nothing: no resource has this address.
std::optional<McpAddress> read_mcp_address(std::string_view uri);

// May this event have changed what stands at the address?
bool touches(bus::LoggedEvent const& event, McpAddress const& address);

}  // namespace fleet::faces
