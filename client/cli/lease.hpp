#pragma once
// Sorties and work orders that are this pilot's, and the tokens that prove it.
#include "cli/entity.hpp"

#include <fleet/json_value.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace fleet::cli {

struct KeptLease;
struct KeptPilot;

struct LeaseKind {
    Entity const& entity;
    std::string_view fence;  // "sortie", "work_order"
    std::map<std::string, KeptLease> KeptPilot::*kept;
    std::string_view open;  // states in which it still is the pilot's
};

extern LeaseKind const sortie_lease;
extern LeaseKind const order_lease;

struct Held {
    std::string id;
    std::int64_t token = 0;
    std::string title{};
};

// What a claim answered: its id, token and title.
void keep_lease(Context& context, LeaseKind const& kind, Json const& granted);
void forget_lease(Context& context, LeaseKind const& kind, std::string const& id);

// What is meant by an end or a start of the id, or by the title; "": the only one. `token` > 0 is taken as it
// is. Throws not_found (nothing was claimed from here) and `usage` (several could be meant).
Held held_lease(Context& context, LeaseKind const& kind, std::string const& typed, std::int64_t token);
// As above, but an id that is not held is looked up: for commands that need no token.
std::string held_or_named(Context& context, LeaseKind const& kind, std::string const& typed);

// Calls with the token. What is no longer this pilot's is forgotten, also when the daemon says so by
// refusing.
Json call_held(Context& context, LeaseKind const& kind, std::string operation, Json args, Held const& held);

}  // namespace fleet::cli
