// Missions and sorties: from requests to arguments.
#include "api/args.hpp"

#include <fleet/time.hpp>
#include <fleet/work.hpp>

namespace fleet {
namespace {

Ask fenced(char const* operation, Fence fence, Json args = Json::object()) {
    fence.kind = "sortie";
    args["sortie_id"] = fence.id;
    Ask ask{operation, std::move(args)};
    ask.options.fence = std::move(fence);
    return ask;
}

Json changed(char const* id_name, std::string id, Json changes) {
    if (!changes.is_object()) changes = Json::object();
    changes[id_name] = std::move(id);
    return changes;
}

}  // namespace

Ask Work::create_mission(MissionRequest request) {
    Json args{{"title", request.title}};
    put(args, "description", request.description);
    put(args, "priority", request.priority);
    put(args, "strategy", request.strategy);
    put(args, "on_failure", request.on_failure);
    put(args, "max_failures", request.max_failures);
    put(args, "metadata", std::move(request.metadata));
    if (!request.complete_by_itself) args["complete_by_itself"] = false;
    put_flag(args, "require_review", request.require_review);
    if (request.deadline) args["deadline"] = time_text(*request.deadline);
    return {"missions.create", std::move(args)};
}

Ask Work::update_mission(std::string mission_id, Json changes, std::optional<std::int64_t> version) {
    Ask ask{"missions.update", changed("mission_id", std::move(mission_id), std::move(changes))};
    ask.options.if_match = version;
    return ask;
}

Ask Work::of_mission(char const* operation, std::string mission_id, char const* member, std::string text) {
    Json args{{"mission_id", std::move(mission_id)}};
    put(args, member, text);
    return {operation, std::move(args)};
}

Ask Work::create_sortie(SortieRequest request) {
    Json args{{"title", request.title}};
    put(args, "mission_id", request.mission_id);
    put(args, "name", request.name);
    put(args, "description", request.description);
    put(args, "priority", request.priority);
    put(args, "files", request.files);
    put(args, "join", request.join);
    put(args, "role", request.role);
    put(args, "capabilities", request.capabilities);
    put(args, "condition", request.condition);
    put(args, "complexity", request.complexity);
    put(args, "max_attempts", request.max_attempts);
    put(args, "timeout_seconds", request.timeout);
    for (DependsOn const& other : request.depends_on) {
        Json dependency{{"id", other.id}};
        put(dependency, "mode", other.mode);
        args["depends_on"].push_back(std::move(dependency));
    }
    return {"sorties.create", std::move(args)};
}

Ask Work::update_sortie(std::string sortie_id, Json changes, std::optional<std::int64_t> version) {
    Ask ask{"sorties.update", changed("sortie_id", std::move(sortie_id), std::move(changes))};
    ask.options.if_match = version;
    return ask;
}

Ask Work::of_sortie(char const* operation, std::string sortie_id, char const* member, std::string text) {
    Json args{{"sortie_id", std::move(sortie_id)}};
    put(args, member, text);
    return {operation, std::move(args)};
}

Ask Work::claim_sortie(ClaimRequest request) {
    Json args = Json::object();
    put(args, "lease_seconds", request.lease);
    if (!request.sortie_id.empty()) {
        args["sortie_id"] = std::move(request.sortie_id);
        return {"sorties.claim", std::move(args)};
    }
    put(args, "mission_id", request.mission_id);
    put(args, "role", request.role);
    put(args, "capabilities", request.capabilities);
    put(args, "wait_seconds", request.wait);
    return {"sorties.claim_next", std::move(args)};
}

Ask Work::held(char const* operation, Fence fence) {
    return fenced(operation, std::move(fence));
}

Ask Work::progress(Fence fence, ProgressRequest request) {
    Json args{{"percent", request.percent}};
    put(args, "message", request.message);
    put(args, "files_touched", request.files_touched);
    return fenced("sorties.progress", std::move(fence), std::move(args));
}

Ask Work::block(Fence fence, BlockRequest request) {
    Json args{{"reason", request.reason}};
    put(args, "blocker_type", request.blocker_type);
    put(args, "blocker_id", request.blocker_id);
    return fenced("sorties.block", std::move(fence), std::move(args));
}

Ask Work::unblock(Fence fence, std::string resolution) {
    Json args{{"resolution", std::move(resolution)}};
    return fenced("sorties.unblock", std::move(fence), std::move(args));
}

Ask Work::end(char const* operation, Fence fence, CompleteRequest request) {
    Json args = Json::object();
    put(args, "summary", request.summary);
    put(args, "files_touched", request.files_touched);
    put(args, "result", std::move(request.result));
    for (Evidence const& one : request.evidence) {
        Json evidence{{"command", one.command}, {"exit_code", one.exit_code}};
        put(evidence, "output_digest", one.output_digest);
        args["evidence"].push_back(std::move(evidence));
    }
    return fenced(operation, std::move(fence), std::move(args));
}

Ask Work::fail(Fence fence, FailRequest request) {
    Json error{{"kind", request.kind}, {"message", request.message}};
    put(error, "detail", std::move(request.detail));
    Json args = Json::object();
    args["error"] = std::move(error);
    put_flag(args, "final", request.is_final);
    return fenced("sorties.fail", std::move(fence), std::move(args));
}

Ask Work::review(ReviewRequest request) {
    Json args{{"sortie_id", request.sortie_id}, {"verdict", request.verdict}};
    put(args, "feedback", request.feedback);
    put(args, "issues", request.issues);
    return {"sorties.review", std::move(args)};
}

}  // namespace fleet
