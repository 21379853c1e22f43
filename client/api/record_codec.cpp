#include "api/record_codec.hpp"

#include "api/members.hpp"

#include <fleet/json.hpp>

namespace fleet {

Json const& member(Json const& value, char const* key) {
    static Json const nothing = nullptr;
    if (!value.is_object()) return nothing;
    auto found = value.find(key);
    return found == value.end() ? nothing : *found;
}

std::vector<std::string> texts(Json const& list, char const* inner) {
    std::vector<std::string> out;
    if (!list.is_array()) return out;
    for (Json const& item : list) {
        if (item.is_string()) out.push_back(item.get<std::string>());
        if (inner != nullptr && item.is_object()) out.push_back(text(item, inner));
    }
    return out;
}

Project project_from_json(Json const& value) {
    Project project;
    project.key = text_or(value, "key", text(value, "project"));
    project.name = text(value, "name");
    project.vcs_url = text(value, "vcs_url");
    project.default_branch = text(value, "default_branch");
    project.created = flag_or(value, "created", false);
    return project;
}

Pilot pilot_from_json(Json const& value) {
    Pilot pilot;
    pilot.pilot_id = text(value, "pilot_id");
    pilot.callsign = text(value, "callsign");
    pilot.program = text(value, "program");
    pilot.model = text(value, "model");
    pilot.role = text(value, "role");
    pilot.status = text(value, "status");
    pilot.host = text(value, "host");
    pilot.task_description = text(value, "task_description");
    pilot.capabilities = texts(member(value, "capabilities"));
    pilot.last_seen_at = time_at(value, "last_seen_at");
    return pilot;
}

Host host_from_json(Json const& value) {
    Host host;
    host.host_id = text(value, "host_id");
    host.hostname = text(value, "hostname");
    host.version = text(value, "version");
    host.alive = flag_or(value, "alive", false);
    host.last_seen_at = time_at(value, "last_seen_at");
    return host;
}

Reservation reservation_from_json(Json const& value) {
    Reservation reservation;
    reservation.reservation_id = text(value, "reservation_id");
    reservation.holder = text(value, "holder");
    reservation.patterns = texts(member(value, "patterns"));
    if (reservation.patterns.empty() && !text(value, "pattern").empty()) {
        reservation.patterns.push_back(text(value, "pattern"));
    }
    reservation.mode = text(value, "mode");
    reservation.purpose = text(value, "purpose");
    reservation.reason = text(value, "reason");
    reservation.state = text_or(value, "state", text(value, "status"));
    reservation.token = number_or(value, "token", 0);
    reservation.expires_at = time_at(value, "expires_at");
    return reservation;
}

Conflict conflict_from_json(Json const& value) {
    Conflict conflict;
    conflict.reservation_id = text(value, "reservation_id");
    conflict.holder = text(value, "holder");
    conflict.pattern = text(value, "pattern");
    conflict.requested_pattern = text(value, "requested_pattern");
    conflict.mode = text(value, "mode");
    conflict.expires_at = time_at(value, "expires_at");
    Json const& left = member(value, "for_another_seconds");
    if (left.is_number())
        conflict.for_another = Millis(static_cast<std::int64_t>(left.get<double>() * 1'000));
    return conflict;
}

Cursor cursor_from_json(Json const& value) {
    Cursor cursor;
    cursor.consumer = text_or(value, "consumer", text(value, "name"));
    cursor.seq = number_or(value, "at", number_or(value, "seq", 0));
    if (member(value, "lag").is_number()) cursor.lag = number_or(value, "lag", 0);
    if (member(value, "moved").is_boolean()) cursor.moved = flag_or(value, "moved", false);
    return cursor;
}

AppendedEvent appended_from_json(Json const& value) {
    AppendedEvent event;
    event.seq = number_or(value, "seq", 0);
    event.event_id = text(value, "event_id");
    event.stream_id = text(value, "stream_id");
    event.stream_version = static_cast<std::int32_t>(number_or(value, "stream_version", 0));
    event.is_new = flag_or(value, "is_new", true);
    return event;
}

Result<ReserveOutcome> outcome_from(Result<Json> const& answer) {
    if (!answer) {
        Error const& error = answer.error();
        switch (error.code) {
            case ErrorCode::reservation_held:
                return ReserveOutcome(
                    Held{each(member(error.detail, "conflicts"), conflict_from_json), error});
            case ErrorCode::wait_ended:
                return ReserveOutcome(
                    TimedOut{each(member(error.detail, "conflicts"), conflict_from_json), error});
            case ErrorCode::deadlock:
                return ReserveOutcome(Deadlocked{texts(member(error.detail, "cycle")), error});
            default: return error;
        }
    }
    if (text(*answer, "outcome") == "held") {  // of a dry run
        Error error = make_error(ErrorCode::reservation_held, {}, {}, *answer);
        return ReserveOutcome(Held{each(member(*answer, "conflicts"), conflict_from_json), std::move(error)});
    }
    Granted granted;
    granted.fence.id = text(*answer, "reservation_id");
    granted.fence.token = number_or(*answer, "token", 0);
    granted.patterns = texts(member(*answer, "patterns"));
    granted.mode = text(*answer, "mode");
    granted.expires_at = time_at(*answer, "expires_at");
    granted.extended = flag_or(*answer, "extended", false);
    granted.displaced = texts(member(*answer, "displaced"), "holder");
    granted.waited = Millis(number_or(*answer, "waited_ms", 0));
    return ReserveOutcome(std::move(granted));
}

}  // namespace fleet
