// Survival: from requests to arguments, and from answers to values.
#include "api/args.hpp"
#include "api/members.hpp"
#include "api/survival_codec.hpp"

namespace fleet {
namespace {

RecoveredSortie sortie_of(Json const& value) {
    RecoveredSortie sortie;
    sortie.sortie_id = text(value, "sortie_id");
    sortie.title = text(value, "title");
    sortie.action = text(value, "action");
    sortie.pilot = text(value, "pilot");
    sortie.why = text(value, "why");
    sortie.token = number_or(value, "token", 0);
    return sortie;
}

RecoveredReservation reservation_of(Json const& value) {
    RecoveredReservation reservation;
    reservation.reservation_id = text(value, "reservation_id");
    reservation.was = text(value, "was");
    reservation.holder = text(value, "holder");
    reservation.action = text(value, "action");
    reservation.why = text(value, "why");
    reservation.patterns = texts(member(value, "patterns"));
    reservation.token = number_or(value, "token", 0);
    return reservation;
}

}  // namespace

Checkpoint checkpoint_from_json(Json const& value) {
    Checkpoint checkpoint;
    checkpoint.checkpoint_id = text(value, "checkpoint_id");
    checkpoint.mission_id = text(value, "mission_id");
    checkpoint.mission_title = text(value, "mission_title");
    checkpoint.sortie_id = text(value, "sortie_id");
    checkpoint.name = text(value, "name");
    checkpoint.trigger = text(value, "trigger");
    checkpoint.progress = number_or(value, "progress", 0);
    checkpoint.event_seq = number_or(value, "event_seq", 0);
    checkpoint.digest = text(value, "digest");
    checkpoint.status = text(value, "status");
    checkpoint.created_by = text(value, "created_by");
    checkpoint.created_at = time_at(value, "created_at");
    checkpoint.error_kind = text(member(value, "error"), "kind");
    checkpoint.error_message = text(member(value, "error"), "message");
    checkpoint.damage = text(value, "damage");
    checkpoint.sections = member(value, "sections");
    return checkpoint;
}

RecoveryOffer offer_from_json(Json const& value) {
    RecoveryOffer offer;
    offer.mission_id = text(value, "mission_id");
    offer.title = text(value, "title");
    offer.progress = number_or(value, "progress", 0);
    offer.reasons = texts(member(value, "reasons"));
    offer.pilots = texts(member(value, "pilots"));
    offer.checkpoint_id = text(value, "checkpoint_id");
    offer.last_activity_at = time_at(value, "last_activity_at");
    return offer;
}

Recovery recovery_from_json(Json const& value) {
    Recovery recovery;
    recovery.needed = flag_or(value, "needed", true);
    recovery.already = flag_or(value, "already", false);
    recovery.checkpoint_id = text(value, "checkpoint_id");
    recovery.mission_id = text(value, "mission_id");
    recovery.sorties = each(member(value, "sorties"), sortie_of);
    recovery.reservations = each(member(value, "reservations"), reservation_of);
    if (member(value, "messages").is_array())
        recovery.messages = static_cast<std::int64_t>(member(value, "messages").size());
    recovery.pilots_dropped = texts(member(value, "pilots_dropped"));
    recovery.warnings = texts(member(value, "warnings"));
    recovery.notes = member(value, "notes");
    return recovery;
}

Ruling ruling_from_json(Json const& value) {
    Ruling ruling;
    ruling.ruling_id = text(value, "ruling_id");
    ruling.scope = {text(value, "scope_kind"), text(value, "scope_id")};
    ruling.text = text(value, "text");
    ruling.by = text(value, "by");
    ruling.status = text(value, "status");
    ruling.at = time_at(value, "at");
    return ruling;
}

Ask Survival::checkpoint(CheckpointRequest request) {
    Json args = Json::object();
    put(args, "mission_id", request.mission_id);
    put(args, "sortie_id", request.sortie_id);
    put(args, "name", request.name);
    put(args, "trigger", request.trigger);
    put(args, "summary", request.summary);
    put(args, "next_steps", request.next_steps);
    put(args, "decisions", request.decisions);
    put(args, "error", std::move(request.error));
    return {"checkpoints.create", std::move(args)};
}

Ask Survival::of_checkpoint(char const* operation, std::string checkpoint_id) {
    return {operation, Json{{"checkpoint_id", std::move(checkpoint_id)}}};
}

Ask Survival::recover(RecoveryRequest request) {
    Json args = Json::object();
    bool named = !request.checkpoint_id.empty();
    put(args, named ? "checkpoint_id" : "mission_id", named ? request.checkpoint_id : request.mission_id);
    put_flag(args, "dry_run", request.dry_run);
    put_flag(args, "force", request.force);
    put(args, "reason", request.reason);
    put(args, "idle_seconds", request.idle);
    return {named ? "checkpoints.restore" : "recovery.run", std::move(args)};
}

Ask Survival::rule(std::string text, Scope scope) {
    Json args{{"text", std::move(text)}, {"scope_kind", scope.kind}};
    put(args, "scope_id", scope.id);
    return {"rulings.add", std::move(args)};
}

Ask Survival::revoke(std::string ruling_id, std::string reason) {
    Json args{{"ruling_id", std::move(ruling_id)}};
    put(args, "reason", reason);
    return {"rulings.revoke", std::move(args)};
}

}  // namespace fleet
