#pragma once
// Missions and sorties: setting goals, claiming work, saying how far it is.
#include <fleet/calls.hpp>
#include <fleet/work_records.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

struct MissionRequest {
    std::string title{};
    std::string description{};
    std::string priority{};
    std::string strategy{};
    std::string on_failure{};  // stop, continue
    bool complete_by_itself = true;
    bool require_review = false;
    std::optional<std::int64_t> max_failures{};
    std::optional<Time> deadline{};
    Json metadata = nullptr;
};
struct DependsOn {
    std::string id{};    // or the name of a sortie of the same mission
    std::string mode{};  // success (default), settled
};
struct SortieRequest {
    std::string mission_id{};
    std::string name{};
    std::string title{};
    std::string description{};
    std::string priority{};
    std::vector<std::string> files{};
    std::vector<DependsOn> depends_on{};
    std::string join{};  // all (default), any
    std::string role{};
    std::vector<std::string> capabilities{};
    std::string condition{};
    std::optional<std::int64_t> complexity{};
    std::optional<std::int64_t> max_attempts{};
    std::optional<Millis> timeout{};
};
// Without `sortie_id`: the best ready one that fits.
struct ClaimRequest {
    std::string sortie_id{};
    std::string mission_id{};
    std::string role{};
    std::vector<std::string> capabilities{};
    std::optional<Millis> lease{};
    std::optional<Millis> wait{};  // until there is one; without `sortie_id` only
};
struct ProgressRequest {
    std::int64_t percent = 0;
    std::string message{};
    std::vector<std::string> files_touched{};
};
struct BlockRequest {
    std::string reason{};
    std::string blocker_type{};  // sortie, pilot, file, external (default), clarification
    std::string blocker_id{};
};
struct Evidence {
    std::string command{};
    std::int64_t exit_code = 0;
    std::string output_digest{};
};
struct CompleteRequest {
    std::string summary{};
    std::vector<std::string> files_touched{};
    std::vector<Evidence> evidence{};
    Json result = nullptr;  // what conditions of other sorties look at
};
struct FailRequest {
    std::string kind{};
    std::string message{};
    Json detail = nullptr;
    bool is_final = false;  // no further attempt
};
struct ReviewRequest {
    std::string sortie_id{};
    std::string verdict{};  // approved, rejected, needs_changes
    std::string feedback{};
    std::vector<std::string> issues{};
};

class Work : public Calls {
public:
    using Calls::Calls;

    template <ResultToken<Mission> Token>
    auto async_create_mission(MissionRequest request, Token&& token) const {
        return ask<Mission>(create_mission(std::move(request)), token);
    }
    template <ResultToken<Mission> Token>
    auto async_show_mission(std::string mission_id, Token&& token) const {
        return ask<Mission>(of_mission("missions.show", std::move(mission_id)), token);
    }
    template <ResultToken<Page<Mission>> Token>
    auto async_list_missions(ListRequest request, Token&& token) const {
        return ask<Page<Mission>>(Ask{"missions.list", std::move(request)}, token);
    }
    // The fields of `changes` by name. Errors: if_match_failed when the mission is not at `version`.
    template <ResultToken<Mission> Token>
    auto async_update_mission(std::string mission_id, Json changes, std::optional<std::int64_t> version,
                              Token&& token) const {
        return ask<Mission>(update_mission(std::move(mission_id), std::move(changes), version), token);
    }
    template <ResultToken<Mission> Token>
    auto async_start_mission(std::string mission_id, Token&& token) const {
        return ask<Mission>(of_mission("missions.start", std::move(mission_id)), token);
    }
    template <ResultToken<Mission> Token>
    auto async_complete_mission(std::string mission_id, std::string summary, Token&& token) const {
        return ask<Mission>(
            of_mission("missions.complete", std::move(mission_id), "summary", std::move(summary)), token);
    }
    template <ResultToken<Mission> Token>
    auto async_fail_mission(std::string mission_id, std::string reason, Token&& token) const {
        return ask<Mission>(of_mission("missions.fail", std::move(mission_id), "reason", std::move(reason)),
                            token);
    }
    template <ResultToken<Mission> Token>
    auto async_cancel_mission(std::string mission_id, std::string reason, Token&& token) const {
        return ask<Mission>(of_mission("missions.cancel", std::move(mission_id), "reason", std::move(reason)),
                            token);
    }
    // Approved, rejected or needs_changes, for a mission in review.
    template <ResultToken<Mission> Token>
    auto async_review_mission(std::string mission_id, std::string verdict, Token&& token) const {
        return ask<Mission>(
            of_mission("missions.review", std::move(mission_id), "verdict", std::move(verdict)), token);
    }

    template <ResultToken<Sortie> Token>
    auto async_create_sortie(SortieRequest request, Token&& token) const {
        return ask<Sortie>(create_sortie(std::move(request)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_show_sortie(std::string sortie_id, Token&& token) const {
        return ask<Sortie>(of_sortie("sorties.show", std::move(sortie_id)), token);
    }
    template <ResultToken<Page<Sortie>> Token>
    auto async_list_sorties(ListRequest request, Token&& token) const {
        return ask<Page<Sortie>>(Ask{"sorties.list", std::move(request)}, token);
    }
    // What can be claimed, in the order in which it will be.
    template <ResultToken<Page<Sortie>> Token>
    auto async_list_ready(ListRequest request, Token&& token) const {
        return ask<Page<Sortie>>(Ask{"sorties.ready", std::move(request)}, token);
    }
    template <ResultToken<Sortie> Token>
    auto async_update_sortie(std::string sortie_id, Json changes, std::optional<std::int64_t> version,
                             Token&& token) const {
        return ask<Sortie>(update_sortie(std::move(sortie_id), std::move(changes), version), token);
    }
    // Errors: transition_refused, forbidden, halted, … Nothing to claim is an outcome.
    template <ResultToken<ClaimOutcome> Token>
    auto async_claim_sortie(ClaimRequest request, Token&& token) const {
        return ask<ClaimOutcome>(claim_sortie(std::move(request)), token);
    }

    // With the lease's token. Errors: stale_token when somebody else has the sortie, or nobody.
    template <ResultToken<Sortie> Token>
    auto async_start_sortie(Fence fence, Token&& token) const {
        return ask<Sortie>(held("sorties.start", std::move(fence)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_progress(Fence fence, ProgressRequest request, Token&& token) const {
        return ask<Sortie>(progress(std::move(fence), std::move(request)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_block(Fence fence, BlockRequest request, Token&& token) const {
        return ask<Sortie>(block(std::move(fence), std::move(request)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_unblock(Fence fence, std::string resolution, Token&& token) const {
        return ask<Sortie>(unblock(std::move(fence), std::move(resolution)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_request_review(Fence fence, CompleteRequest request, Token&& token) const {
        return ask<Sortie>(end("sorties.request_review", std::move(fence), std::move(request)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_complete_sortie(Fence fence, CompleteRequest request, Token&& token) const {
        return ask<Sortie>(end("sorties.complete", std::move(fence), std::move(request)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_fail_sortie(Fence fence, FailRequest request, Token&& token) const {
        return ask<Sortie>(fail(std::move(fence), std::move(request)), token);
    }
    // Gives it back for others, its progress kept.
    template <ResultToken<Sortie> Token>
    auto async_return_sortie(Fence fence, Token&& token) const {
        return ask<Sortie>(held("sorties.return", std::move(fence)), token);
    }

    template <ResultToken<Sortie> Token>
    auto async_review(ReviewRequest request, Token&& token) const {
        return ask<Sortie>(review(std::move(request)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_retry_sortie(std::string sortie_id, Token&& token) const {
        return ask<Sortie>(of_sortie("sorties.retry", std::move(sortie_id)), token);
    }
    template <ResultToken<Sortie> Token>
    auto async_cancel_sortie(std::string sortie_id, std::string reason, Token&& token) const {
        return ask<Sortie>(of_sortie("sorties.cancel", std::move(sortie_id), "reason", std::move(reason)),
                           token);
    }
    // Missions, sorties, pilots, queue, mail and halts as the document that `fleet board --json` prints.
    template <ResultToken<Json> Token>
    auto async_board(ListRequest request, Token&& token) const {
        return ask<Json>(Ask{"board", std::move(request)}, token);
    }

private:
    static Ask create_mission(MissionRequest request);
    static Ask update_mission(std::string mission_id, Json changes, std::optional<std::int64_t> version);
    static Ask of_mission(char const* operation, std::string mission_id, char const* member = "",
                          std::string text = {});
    static Ask create_sortie(SortieRequest request);
    static Ask update_sortie(std::string sortie_id, Json changes, std::optional<std::int64_t> version);
    static Ask of_sortie(char const* operation, std::string sortie_id, char const* member = "",
                         std::string text = {});
    static Ask claim_sortie(ClaimRequest request);
    static Ask held(char const* operation, Fence fence);
    static Ask progress(Fence fence, ProgressRequest request);
    static Ask block(Fence fence, BlockRequest request);
    static Ask unblock(Fence fence, std::string resolution);
    static Ask end(char const* operation, Fence fence, CompleteRequest request);
    static Ask fail(Fence fence, FailRequest request);
    static Ask review(ReviewRequest request);
};

}  // namespace fleet
