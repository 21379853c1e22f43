// The generic way of commands.
#include "operations/state.hpp"

#include "auth/secrets.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::ops {

namespace {

constexpr int wait_before_retry_seconds = 1;

Json metadata_of(Operations::State const& state, std::string_view act, Request& request) {
    Json metadata = Json::object();
    // Who appends events may say something of them; a member of this name in a command is the entity's own.
    if (act == "append" && request.args.contains("metadata")) {
        if (request.args["metadata"].is_object()) metadata = std::move(request.args["metadata"]);
        request.args.erase("metadata");
    }
    // Ours win: what the kernel says about the caller is not for the caller to say.
    metadata["source"] = request.caller.source;
    if (request.caller.uid) metadata["uid"] = *request.caller.uid;
    if (request.caller.pid) metadata["pid"] = *request.caller.pid;
    if (!state.parts.host.hostname.empty()) metadata["host"] = state.parts.host.hostname;
    if (!state.parts.version.empty()) metadata["fleetd"] = state.parts.version;
    return metadata;
}

std::optional<store::Fence> fence_of(Request& request) {
    if (!request.args.contains("fence")) return request.fence;
    Json const fence = std::move(request.args["fence"]);
    request.args.erase("fence");
    if (!fence.is_object()) return request.fence;
    return store::Fence{.kind = text_or(fence, "kind", ""),
                        .id = text_or(fence, "id", ""),
                        .token = number_or(fence, "token", 0)};
}

// While the appender has been failing for longer than a blip lasts, a new command is told so at once: those
// that wait already find out when the database is back.
constexpr Millis blip{1'500};

std::optional<Error> known_trouble(Operations::State& state) {
    auto const health = state.parts.appender.health();
    if (health.last_error.empty() || state.under_way == 0) {
        state.trouble_since.reset();
        return std::nullopt;
    }
    auto const now = std::chrono::steady_clock::now();
    if (!state.trouble_since) state.trouble_since = now;
    if (now - *state.trouble_since < blip) return std::nullopt;
    Error error = make_error(ErrorCode::away, health.last_error);
    error.retry_after_seconds = wait_before_retry_seconds;
    return error;
}

// A retry must repeat the request: the operation's input, whoever drew ids for it since.
std::string digest_of(std::string_view act, Request const& request) {
    return auth::sha256_hex(fmt::format("{}\n{}\n{}\n{}", act, request.project, request.caller.callsign,
                                        json_text(request.args)));
}

constexpr bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

std::string as_segment(std::string_view text) {
    std::string segment;
    for (char const c : text) {
        if (is_plain(c))
            segment += c;
        else
            segment += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return segment;
}

// "/missions/{mission_id}" with the members of the answer; nothing when one of them is not there.
std::optional<std::string> location_of(std::string_view form, std::string const& answer) {
    auto const body = parse_json(answer);
    if (!body) return std::nullopt;
    std::string location;
    while (!form.empty()) {
        auto const open = std::min(form.find('{'), form.size());
        location += form.substr(0, open);
        form.remove_prefix(open);
        if (form.empty()) break;
        auto const close = form.find('}');
        auto const value = text_or(*body, form.substr(1, close - 1), "");
        if (value.empty()) return std::nullopt;
        location += as_segment(value);
        form.remove_prefix(close + 1);
    }
    return location;
}

constexpr bool needs_active_pilot(std::string_view act) {
    return act == "claim_work" || act == "claim_sortie";
}

bool is_stale_actor(Error const& error) {
    return error.code == ErrorCode::transition_refused && error.field == "/actor" &&
           error.detail.is_object() && text_or(error.detail, "found", "") == "stale";
}

// "/args/ttl_seconds" is "/ttl_seconds" of what the caller sent.
std::string field_of(std::string field) {
    constexpr std::string_view args = "/args";
    if (field.starts_with("/args/")) return field.substr(args.size());
    if (field == "/key") return "/idempotency_key";
    return field == args ? std::string() : field;
}

}  // namespace

Result<std::string> project_of(Request const& request) {
    auto project = text_or(request.args, "project", request.project);
    if (project.empty())
        return make_error(ErrorCode::invalid_field,
                          "say which project: member `project`, or the header Fleet-Project", "/project");
    return project;
}

asio::awaitable<Result<store::ActRow>> submit(Operations::State& state, std::string_view act, Request request,
                                              Json drawn) {
    if (auto error = known_trouble(state)) co_return std::move(*error);
    store::ActRequest command{.op = std::string(act)};
    command.project = text_or(request.args, "project", request.project);
    if (!request.idempotency_key.empty()) {
        command.key = std::move(request.idempotency_key);
        command.digest = digest_of(act, request);
    }
    request.args.erase("project");
    command.fence = fence_of(request);
    command.metadata = metadata_of(state, act, request);
    command.actor = request.caller.actor();
    command.caller = std::move(request.caller.caller);
    command.roles = std::move(request.caller.roles);
    if (state.parts.host.epoch) {
        command.host = state.parts.host.host_id;
        command.epoch = state.parts.host.epoch;
    }
    for (auto& [name, value] : drawn.items())
        if (!request.args.contains(name)) request.args[name] = std::move(value);
    command.args = std::move(request.args);

    auto const epoch = command.epoch;
    state.under_way += 1;
    auto row = co_await state.parts.appender.submit(std::move(command));
    state.under_way -= 1;
    if (!row) {
        Error error = std::move(row).error();
        error.field = field_of(std::move(error.field));
        if (error.code == ErrorCode::away && !error.retry_after_seconds)
            error.retry_after_seconds = wait_before_retry_seconds;
        co_return error;
    }
    if (row->refusal) {
        Error error = std::move(*row->refusal);
        if (error.code == ErrorCode::host_epoch_moved) {
            if (state.parts.epoch_moved && epoch) state.parts.epoch_moved(*epoch);
            // The daemon joins again by itself: for the caller it is a matter of a moment.
            error.retry_after_seconds = wait_before_retry_seconds;
        }
        error.field = field_of(std::move(error.field));
        co_return error;
    }
    co_return *std::move(row);
}

asio::awaitable<Result<Answer>> act_by_table(Operations::State& state, Operation const& operation,
                                             Request request) {
    Json drawn = Json::object();
    for (DrawnId const& id : operation.drawn) drawn[std::string(id.name)] = new_id(id.prefix);
    if (operation.honours_if_match && request.if_match) request.args["expected_version"] = *request.if_match;
    std::optional<Request> again;
    if (needs_active_pilot(operation.act) && !request.caller.callsign.empty()) again = request;
    auto row = co_await submit(state, operation.act, std::move(request), std::move(drawn));
    if (again && !row && is_stale_actor(row.error())) {
        // Whoever asks is not gone. It is made active in the background, too, but this command came first.
        auto project = text_or(again->args, "project", again->project);
        std::string callsign = again->caller.callsign;
        auto made = co_await make_active_now(state, std::move(project), std::move(callsign));
        if (!made) co_return row.error();
        Json nothing_drawn = Json::object();
        row = co_await submit(state, operation.act, std::move(*again), std::move(nothing_drawn));
    }
    if (!row) co_return row.error();
    Answer answer;
    answer.status = operation.success_status;
    answer.seq = row->seq;
    answer.replayed = row->replayed;
    answer.json = std::move(row->result);
    if (answer.json.empty()) answer.json = "{}";
    answer.version = version_in(answer.json);
    if (!operation.location.empty()) answer.location = location_of(operation.location, answer.json);
    co_return answer;
}

}  // namespace fleet::ops
