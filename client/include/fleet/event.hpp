#pragma once
// The envelope of an event and the position of an event in the log.
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleet {

// Where a reader stands. `incarnation` (8 lower-case hex digits) changes when the log may have been rewound
// (restore, promotion), so that an old position is found out instead of silently skipping events.
struct Position {
    std::string incarnation;
    std::int64_t seq = 0;

    friend bool operator==(Position const&, Position const&) = default;
};

// "1a2b3c4d.4711"; opaque to clients.
std::string position_text(Position const& position);
Result<Position> parse_position(std::string_view text);

struct Event {
    std::int64_t seq = 0;    // seq order is commit order
    std::string position{};  // `position_text`
    std::string event_id{};
    std::string project{};
    std::string type{};
    std::string stream_type{};
    std::string stream_id{};
    std::int32_t stream_version = 0;  // 1, 2, 3… within the stream
    std::string actor{};
    std::optional<std::string> causation_id{};
    std::optional<std::string> correlation_id{};
    Json data = Json::object();  // of the newest schema version: older ones are upcast when read
    Json metadata = Json::object();
    Time occurred_at{};
    Time recorded_at{};
    std::int32_t schema_version = 1;

    friend bool operator==(Event const&, Event const&) = default;
};

Json event_to_json(Event const& event);

// Errors: `invalid_field` with a pointer when a member is missing or of another type. Members this version
// does not know are passed over, so that a newer daemon can talk to an older client.
Result<Event> event_from_json(Json const& value);

}  // namespace fleet
