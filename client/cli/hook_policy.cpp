#include "cli/hook_policy.hpp"

#include "cli/toml_file.hpp"

#include <cstdlib>

namespace fleet::cli {
namespace {

std::string origin(HookPolicy const& policy, std::optional<std::filesystem::path> const& config) {
    char const* variable = std::getenv("FLEET_HOOK_POLICY");
    if (variable != nullptr && *variable != '\0') return "FLEET_HOOK_POLICY";
    if (config && names_setting(*config, "hook_policy")) return config->string();
    return policy.policy == Settings{}.hook_policy ? "default" : "fleet.toml";
}

}  // namespace

Result<HookPolicy> read_hook_policy(std::optional<std::filesystem::path> const& project_config) {
    auto settings = read_settings(project_config);
    if (!settings) return settings.error();
    HookPolicy policy{.policy = settings->hook_policy,
                      .fails_open = settings->hook_on_failure != "closed",
                      .timeout = settings->hook_timeout};
    policy.policy_from = origin(policy, project_config);
    return policy;
}

}  // namespace fleet::cli
