#pragma once
// From the daemon's JSON to the values of `fleet/work_records.hpp`.
#include <fleet/work_records.hpp>

namespace fleet {

Mission mission_from_json(Json const& value);
Sortie sortie_from_json(Json const& value);
WorkOrder work_order_from_json(Json const& value);
ClaimedOrder claimed_order_from_json(Json const& value);
EnqueuedOrder enqueued_order_from_json(Json const& value);

// A sortie, or the refusal that there is none. Errors: every other refusal.
Result<ClaimOutcome> claim_outcome_from(Result<Json> const& answer);

}  // namespace fleet
