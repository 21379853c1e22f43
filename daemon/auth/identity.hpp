// Who is asking, once that is established.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::auth {

inline constexpr std::string_view operator_role = "operator";

// A value; made by `Authenticator`, or by `system_identity` for what the daemon does by itself.
struct Identity {
    std::string source{};                    // "unix", "tcp" or "daemon"
    std::string caller{};                    // whose idempotency keys: "uid:1000", "token", "pilot:plt_…"
    std::string account{};                   // of the machine, "operator" for the daemon's token, or "system"
    std::optional<std::uint32_t> uid{};      // unix only
    std::optional<std::int32_t> pid{};
    std::string callsign{};                  // who acts; "" when the caller did not say
    bool is_bound = false;                   // by a pilot's token: may act as `callsign` of `project` only
    std::string project{};                   // of that pilot; "" otherwise
    std::vector<std::string> roles{};        // "operator"

    bool has_role(std::string_view role) const;
    // What stands as `actor` in events: the callsign, else the account.
    std::string actor() const;
};

// For the daemon's own commands; actor "system".
Identity system_identity();

}  // namespace fleet::auth
