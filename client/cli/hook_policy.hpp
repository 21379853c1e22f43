#pragma once
// What hooks of agents and of git do about files that are not the pilot's; one policy for both.
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace fleet::cli {

struct HookPolicy {
    std::string policy{};       // enforce, warn, off
    std::string policy_from{};  // "FLEET_HOOK_POLICY", "/…/.fleet/config.toml", "fleet.toml", "default"
    bool fails_open = true;     // when the daemon does not answer
    Millis timeout{};           // of a hook before an edit

    bool is_off() const { return policy == "off"; }
    bool enforces() const { return policy == "enforce"; }
};

// Settings `hook_…`: the environment, then .fleet/config.toml, then fleet.toml. Errors: not_configured,
// invalid_field, unknown_field, each with the place.
Result<HookPolicy> read_hook_policy(std::optional<std::filesystem::path> const& project_config);

}  // namespace fleet::cli
