#pragma once
// What the daemon answers, as values. Each comes from the JSON object that `--json` prints, and passes over
// members it does not know, so that a newer daemon can talk to an older program.
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fleet {

struct Project {
    std::string key{};
    std::string name{};
    std::string vcs_url{};
    std::string default_branch{};
    bool created = false;  // by this very call
};

struct Pilot {
    std::string pilot_id{};
    std::string callsign{};
    std::string program{};
    std::string model{};
    std::string role{};
    std::string status{};  // active, idle, stale, deregistered
    std::string host{};
    std::string task_description{};
    std::vector<std::string> capabilities{};
    std::optional<Time> last_seen_at{};
};

struct RegisteredPilot {
    Pilot pilot{};
    std::string token{};  // told once; needed over TCP
};

struct Host {
    std::string host_id{};
    std::string hostname{};
    std::string version{};
    bool alive = false;
    std::optional<Time> last_seen_at{};
};

// Names a lease and proves that it is still held.
struct Fence {
    std::string id{};  // of the reservation, the sortie or the work order
    std::int64_t token = 0;
    std::string kind = "reservation";  // or "sortie", "work_order"
};

struct Reservation {
    std::string reservation_id{};
    std::string holder{};
    std::vector<std::string> patterns{};
    std::string mode{};  // exclusive, shared
    std::string purpose{};
    std::string reason{};
    std::string state{};  // active, lapsed, released, expired, forced
    std::int64_t token = 0;
    std::optional<Time> expires_at{};
};

// Why a request could not be granted: `requested_pattern` overlaps `pattern`, which `holder` holds.
struct Conflict {
    std::string reservation_id{};
    std::string holder{};
    std::string pattern{};
    std::string requested_pattern{};
    std::string mode{};
    std::optional<Time> expires_at{};
    std::optional<Millis> for_another{};
};

struct Granted {
    Fence fence{};
    std::vector<std::string> patterns{};
    std::string mode{};
    std::optional<Time> expires_at{};
    bool extended = false;                 // it was held before; the token is the same
    std::vector<std::string> displaced{};  // holders whose lapsed reservations ended for this one
    Millis waited{};
};
struct Held {
    std::vector<Conflict> conflicts{};
    Error error{};  // the same for a person
};
struct TimedOut {
    std::vector<Conflict> conflicts{};
    Error error{};
};
struct Deadlocked {
    std::vector<std::string> cycle{};  // callsigns that wait for each other
    Error error{};
};
using ReserveOutcome = std::variant<Granted, Held, TimedOut, Deadlocked>;

struct AppendedEvent {
    std::int64_t seq = 0;
    std::string event_id{};
    std::string stream_id{};
    std::int32_t stream_version = 0;
    bool is_new = true;  // false: a repeat, answered with the first position
};

struct Cursor {
    std::string consumer{};
    std::int64_t seq = 0;
    std::optional<std::int64_t> lag{};  // events behind the head
    std::optional<bool> moved{};        // by this very call
};

// May the holder of a token write this path?
struct FileCheck {
    std::string path{};
    bool valid = false;
    std::string holder{};
    std::string reason{};
};

// One page of a list; `next` is what `after` takes for the following one, empty at the end.
template <class T>
struct Page {
    std::vector<T> items{};
    std::string next{};
};

}  // namespace fleet
