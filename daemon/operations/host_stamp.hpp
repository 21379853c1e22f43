// The host this daemon speaks for, as every command carries it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fleet::ops {

struct HostStamp {
    std::string host_id;                             // "" until the state directory was read
    std::string hostname;
    std::optional<std::int64_t> epoch;               // empty while the host has not joined
};

}  // namespace fleet::ops
