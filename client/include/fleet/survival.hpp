#pragma once
// Surviving the loss of context: checkpoints, recovery, and what operators decided.
#include <fleet/calls.hpp>
#include <fleet/safety.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

struct Checkpoint {
    std::string checkpoint_id{};
    std::string mission_id{};
    std::string mission_title{};
    std::string sortie_id{};  // "": it shows the whole mission
    std::string name{};
    std::string trigger{};  // progress, error, manual, compaction, shutdown
    std::int64_t progress = 0;
    std::int64_t event_seq = 0;  // the position of the log that it shows
    std::string digest{};
    std::string status{};  // available, consumed, deleted
    std::string created_by{};
    std::optional<Time> created_at{};
    std::string error_kind{};
    std::string error_message{};
    std::string damage{};  // what does not fit its digest; "" as long as it is whole
    Json sections{};       // what it remembers; null unless it was shown
};

// What only its pilot knows.
struct CheckpointRequest {
    std::string mission_id{};  // "": the one the pilot is at, or the only one in progress
    std::string sortie_id{};
    std::string name{};
    std::string trigger{};  // "": manual
    std::string summary{};
    std::vector<std::string> next_steps{};
    std::vector<std::string> decisions{};
    Json error{};  // {kind, message, command?, stack?, failed?}
};

// A mission that stands still.
struct RecoveryOffer {
    std::string mission_id{};
    std::string title{};
    std::int64_t progress = 0;
    std::vector<std::string> reasons{};  // idle, pilots_gone
    std::vector<std::string> pilots{};
    std::string checkpoint_id{};
    std::optional<Time> last_activity_at{};
};

struct RecoveryRequest {
    std::string mission_id{};     // "": the one that stands still
    std::string checkpoint_id{};  // "": the best one of the mission
    bool dry_run = false;
    bool force = false;  // takes files from whoever has them now
    std::string reason{};
    std::optional<Millis> idle{};  // who was silent for so long is gone
};

struct RecoveredSortie {
    std::string sortie_id{};
    std::string title{};
    std::string action{};  // assigned, kept, released, left
    std::string pilot{};
    std::string why{};
    std::int64_t token = 0;  // new, where it was assigned again
};
struct RecoveredReservation {
    std::string reservation_id{};  // "": it was not taken again
    std::string was{};
    std::string holder{};
    std::string action{};  // taken, kept, left, freed
    std::string why{};
    std::vector<std::string> patterns{};
    std::int64_t token = 0;
};

struct Recovery {
    bool needed = true;    // false: nothing stands still, nothing was done
    bool already = false;  // it was restored before; nothing was done
    std::string checkpoint_id{};
    std::string mission_id{};
    std::vector<RecoveredSortie> sorties{};
    std::vector<RecoveredReservation> reservations{};
    std::int64_t messages = 0;  // that came back and are unread again
    std::vector<std::string> pilots_dropped{};
    std::vector<std::string> warnings{};
    Json notes{};  // summary, next_steps, decisions, error
};

struct Ruling {
    std::string ruling_id{};
    Scope scope{};  // "fleet", "project", "mission", "sortie" or "pilot"
    std::string text{};
    std::string by{};
    std::string status{};  // in_force, revoked
    std::optional<Time> at{};
};

class Survival : public Calls {
public:
    using Calls::Calls;

    // Everything as it is now, with what the pilot adds. Errors: not_found (no mission, or several).
    template <ResultToken<Checkpoint> Token>
    auto async_checkpoint(CheckpointRequest request, Token&& token) const {
        return ask<Checkpoint>(checkpoint(std::move(request)), token);
    }
    template <ResultToken<Page<Checkpoint>> Token>
    auto async_list_checkpoints(ListRequest request, Token&& token) const {
        return ask<Page<Checkpoint>>(Ask{"checkpoints.list", std::move(request)}, token);
    }
    // By id, the end of one, a name, or "latest"; with what it remembers.
    template <ResultToken<Checkpoint> Token>
    auto async_show_checkpoint(std::string checkpoint_id, Token&& token) const {
        return ask<Checkpoint>(of_checkpoint("checkpoints.show", std::move(checkpoint_id)), token);
    }
    // Needs the operator role.
    template <ResultToken<Checkpoint> Token>
    auto async_delete_checkpoint(std::string checkpoint_id, Token&& token) const {
        return ask<Checkpoint>(of_checkpoint("checkpoints.delete", std::move(checkpoint_id)), token);
    }

    // Missions that stand still.
    template <ResultToken<Page<RecoveryOffer>> Token>
    auto async_list_recovery(ListRequest request, Token&& token) const {
        return ask<Page<RecoveryOffer>>(Ask{"recovery.list", std::move(request)}, token);
    }
    // All or nothing, in one transaction; again is harmless. Needs the operator role. Errors:
    // reservation_held (who holds the files now), checkpoint_damaged, transition_refused (the mission is
    // over).
    template <ResultToken<Recovery> Token>
    auto async_recover(RecoveryRequest request, Token&& token) const {
        return ask<Recovery>(recover(std::move(request)), token);
    }

    // Kept word for word and told at every briefing until it is revoked. Both need the operator role.
    template <ResultToken<Ruling> Token>
    auto async_rule(std::string text, Scope scope, Token&& token) const {
        return ask<Ruling>(rule(std::move(text), std::move(scope)), token);
    }
    template <ResultToken<Ruling> Token>
    auto async_revoke_ruling(std::string ruling_id, std::string reason, Token&& token) const {
        return ask<Ruling>(revoke(std::move(ruling_id), std::move(reason)), token);
    }
    template <ResultToken<Page<Ruling>> Token>
    auto async_list_rulings(ListRequest request, Token&& token) const {
        return ask<Page<Ruling>>(Ask{"rulings.list", std::move(request)}, token);
    }

private:
    static Ask checkpoint(CheckpointRequest request);
    static Ask of_checkpoint(char const* operation, std::string checkpoint_id);
    static Ask recover(RecoveryRequest request);
    static Ask rule(std::string text, Scope scope);
    static Ask revoke(std::string ruling_id, std::string reason);
};

}  // namespace fleet
