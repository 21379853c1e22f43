#pragma once
// From the daemon's JSON to the values of `fleet/survival.hpp`.
#include <fleet/survival.hpp>

namespace fleet {

Checkpoint checkpoint_from_json(Json const& value);
RecoveryOffer offer_from_json(Json const& value);
Recovery recovery_from_json(Json const& value);
Ruling ruling_from_json(Json const& value);

}  // namespace fleet
