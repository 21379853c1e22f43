#pragma once
// Missions, sorties and work orders as values. What `records.hpp` says of its values holds for these, too.
#include <fleet/json_value.hpp>
#include <fleet/records.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fleet {

// Sorties of a mission by state; `ready` ones are pending, too.
struct SortieCounts {
    std::int64_t total = 0;
    std::int64_t ready = 0;
    std::int64_t pending = 0;
    std::int64_t assigned = 0;
    std::int64_t in_progress = 0;
    std::int64_t blocked = 0;
    std::int64_t review = 0;
    std::int64_t completed = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;
    std::int64_t skipped = 0;
};

struct Mission {
    std::string mission_id{};
    std::string title{};
    std::string description{};
    std::string priority{};  // low, medium, high, critical
    std::string strategy{};
    std::string status{};    // pending, in_progress, review, completed, failed, cancelled
    std::int64_t progress = 0;  // percent, derived from its sorties
    SortieCounts counts{};
    std::string created_by{};
    std::string reason{};  // why it failed or was cancelled
    std::optional<Time> created_at{};
    std::optional<Time> started_at{};
    std::optional<Time> ended_at{};
    std::optional<Time> deadline{};
    std::int64_t version = 0;  // what `CallOptions::if_match` takes
};

struct Dependency {
    std::string sortie_id{};
    std::string name{};
    std::string mode{};  // success, settled
    std::string status{};
    std::optional<bool> satisfied{};  // empty while it is open
};

struct Sortie {
    std::string sortie_id{};
    std::string mission_id{};
    std::string name{};
    std::string title{};
    std::string description{};
    std::string priority{};
    std::string status{};
    std::vector<std::string> files{};
    std::vector<Dependency> depends_on{};
    std::string role{};
    std::vector<std::string> capabilities{};
    bool ready = false;
    std::string why_not{};  // of one that is pending and not ready
    std::string pilot{};    // who has it, or had it last
    std::int64_t token = 0;  // while it is held
    std::optional<Time> lease_until{};
    std::int64_t lease_seconds = 0;
    std::int64_t attempt = 0;
    std::int64_t max_attempts = 0;
    std::int64_t progress = 0;
    std::string progress_message{};
    std::string reason{};      // why it was cancelled or skipped
    Json error = nullptr;      // of the last failure: {kind, message, …}
    std::string summary{};     // of one that was completed, where the answer holds it
    Json result = nullptr;     // likewise
    std::vector<std::string> unreserved{};  // files touched that were not reserved
    std::int64_t version = 0;

    Fence fence() const { return {.id = sortie_id, .token = token, .kind = "sortie"}; }
};

// There is nothing to claim for this pilot just now.
struct NothingReady {
    std::int64_t pending = 0;           // sorties that wait for something
    std::int64_t ready_for_others = 0;  // those that do not fit this pilot
    std::int64_t running = 0;
    Error error{};  // the same for a person
};
struct Claimed {
    Sortie sortie{};
    Fence fence() const { return sortie.fence(); }
};
using ClaimOutcome = std::variant<Claimed, NothingReady>;

struct WorkOrder {
    std::string work_order_id{};
    std::string kind{};
    std::string role{};
    std::string priority{};
    std::string status{};  // pending, claimed, completed, dead, cancelled
    bool ready = false;
    std::vector<std::string> depends_on{};
    std::int64_t attempts = 0;
    std::int64_t max_attempts = 0;
    std::string claimed_by{};
    std::optional<Time> created_at{};
    std::optional<Time> run_after{};
    std::optional<Time> lease_until{};
    std::optional<Time> ended_at{};
    std::string reason{};
    Json payload = nullptr;  // where the answer holds them
    Json result = nullptr;
    Json error = nullptr;
    std::int64_t version = 0;
};

struct ClaimedOrder {
    std::string work_order_id{};
    std::int64_t token = 0;
    std::string kind{};
    std::string role{};
    std::int64_t attempt = 0;
    std::int64_t max_attempts = 0;
    Json payload = Json::object();
    std::optional<Time> lease_until{};

    Fence fence() const { return {.id = work_order_id, .token = token, .kind = "work_order"}; }
};

struct EnqueuedOrder {
    std::string work_order_id{};
    std::string status{};
};

}  // namespace fleet
