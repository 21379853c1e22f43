#include "api/work_codec.hpp"

#include "api/members.hpp"

namespace fleet {
namespace {

SortieCounts counts_from(Json const& value) {
    auto count = [&](char const* name) { return number_or(value, name, 0); };
    return {.total = count("total"),
            .ready = count("ready"),
            .pending = count("pending"),
            .assigned = count("assigned"),
            .in_progress = count("in_progress"),
            .blocked = count("blocked"),
            .review = count("review"),
            .completed = count("completed"),
            .failed = count("failed"),
            .cancelled = count("cancelled"),
            .skipped = count("skipped")};
}

Dependency dependency_from(Json const& value) {
    Dependency dependency;
    dependency.sortie_id = text(value, "sortie_id");
    dependency.name = text(value, "name");
    dependency.mode = text(value, "mode");
    dependency.status = text(value, "status");
    if (member(value, "satisfied").is_boolean()) dependency.satisfied = flag_or(value, "satisfied", false);
    return dependency;
}

}  // namespace

Mission mission_from_json(Json const& value) {
    Mission mission;
    mission.mission_id = text(value, "mission_id");
    mission.title = text(value, "title");
    mission.description = text(value, "description");
    mission.priority = text(value, "priority");
    mission.strategy = text(value, "strategy");
    mission.status = text(value, "status");
    mission.progress = number_or(value, "progress", 0);
    mission.counts = counts_from(member(value, "counts"));
    mission.created_by = text(value, "created_by");
    mission.reason = text(value, "reason");
    mission.created_at = time_at(value, "created_at");
    mission.started_at = time_at(value, "started_at");
    mission.ended_at = time_at(value, "ended_at");
    mission.deadline = time_at(value, "deadline");
    mission.version = number_or(value, "stream_version", 0);
    return mission;
}

Sortie sortie_from_json(Json const& value) {
    Sortie sortie;
    sortie.sortie_id = text(value, "sortie_id");
    sortie.mission_id = text(value, "mission_id");
    sortie.name = text(value, "name");
    sortie.title = text(value, "title");
    sortie.description = text(value, "description");
    sortie.priority = text(value, "priority");
    sortie.status = text(value, "status");
    sortie.files = texts(member(value, "files"));
    sortie.depends_on = each(member(value, "depends_on"), dependency_from);
    sortie.role = text(value, "role");
    sortie.capabilities = texts(member(value, "capabilities"));
    sortie.ready = flag_or(value, "ready", false);
    sortie.why_not = text(value, "why_not");
    sortie.pilot = text(value, "pilot");
    sortie.token = number_or(value, "token", 0);
    sortie.lease_until = time_at(value, "lease_until");
    sortie.lease_seconds = number_or(value, "lease_seconds", 0);
    sortie.attempt = number_or(value, "attempt", 0);
    sortie.max_attempts = number_or(value, "max_attempts", 0);
    sortie.progress = number_or(value, "progress", 0);
    sortie.progress_message = text(value, "progress_message");
    sortie.reason = text(value, "reason");
    sortie.error = member(value, "error");
    sortie.summary = text(value, "summary");
    sortie.result = member(value, "result");
    sortie.unreserved = texts(member(value, "unreserved"));
    sortie.version = number_or(value, "stream_version", 0);
    return sortie;
}

WorkOrder work_order_from_json(Json const& value) {
    WorkOrder order;
    order.work_order_id = text(value, "work_order_id");
    order.kind = text(value, "kind");
    order.role = text(value, "role");
    order.priority = text(value, "priority");
    order.status = text(value, "status");
    order.ready = flag_or(value, "ready", false);
    order.depends_on = texts(member(value, "depends_on"));
    order.attempts = number_or(value, "attempts", 0);
    order.max_attempts = number_or(value, "max_attempts", 0);
    order.claimed_by = text(value, "claimed_by");
    order.created_at = time_at(value, "created_at");
    order.run_after = time_at(value, "run_after");
    order.lease_until = time_at(value, "lease_until");
    order.ended_at = time_at(value, "ended_at");
    order.reason = text(value, "reason");
    order.payload = member(value, "payload");
    order.result = member(value, "result");
    order.error = member(value, "error");
    order.version = number_or(value, "stream_version", 0);
    return order;
}

ClaimedOrder claimed_order_from_json(Json const& value) {
    ClaimedOrder order;
    order.work_order_id = text(value, "work_order_id");
    order.token = number_or(value, "token", 0);
    order.kind = text(value, "kind");
    order.role = text(value, "role");
    order.attempt = number_or(value, "attempt", 0);
    order.max_attempts = number_or(value, "max_attempts", 0);
    if (member(value, "payload").is_object()) order.payload = member(value, "payload");
    order.lease_until = time_at(value, "lease_until");
    return order;
}

EnqueuedOrder enqueued_order_from_json(Json const& value) {
    EnqueuedOrder order;
    order.work_order_id = text(value, "work_order_id");
    order.status = text(value, "status");
    return order;
}

Result<ClaimOutcome> claim_outcome_from(Result<Json> const& answer) {
    if (answer) {
        Claimed claimed;
        claimed.sortie = sortie_from_json(*answer);
        return ClaimOutcome(std::move(claimed));
    }
    Error const& error = answer.error();
    if (error.code != ErrorCode::nothing_ready) return error;
    NothingReady nothing;
    nothing.pending = number_or(error.detail, "pending", 0);
    nothing.ready_for_others = number_or(error.detail, "ready_for_others", 0);
    nothing.running = number_or(error.detail, "running", 0);
    nothing.error = error;
    return ClaimOutcome(std::move(nothing));
}

}  // namespace fleet
