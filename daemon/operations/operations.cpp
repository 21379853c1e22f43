#include "operations/state.hpp"

#include "auth/bounds.hpp"

#include <fleet/assert.hpp>
#include <fleet/json.hpp>
#include <fleet/time.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace fleet::ops {

namespace {

// What each daemon answers by itself, or the faces do; everything else of the catalogue must be bound or in a
// table.
constexpr std::array<std::string_view, 9> of_the_faces{
    "subscribe", "unsubscribe", "events.stream", "healthz", "readyz", "metrics", "openapi", "websocket",
    "mcp"};

// The database takes whole seconds; a part of one counts as one.
void in_seconds(Operation const& operation, Json& args) {
    for (Field const& field : operation.input) {
        if (field.type != FieldType::duration || !args.contains(field.name)) continue;
        Json& value = args[std::string(field.name)];
        if (value.is_number_float()) value = static_cast<std::int64_t>(std::ceil(value.get<double>()));
        if (!value.is_string()) continue;
        auto const length = parse_duration(value.get<std::string>());
        if (length) value = std::chrono::ceil<std::chrono::seconds>(*length).count();
    }
}

// The token of a pilot acts as that pilot and for nobody else; it may look at the others.
std::optional<Error> check_own(Operation const& operation, Request const& request) {
    if (!request.caller.is_bound || operation.kind == OperationKind::read || operation.method == "GET")
        return std::nullopt;
    bool const names_a_pilot = std::ranges::find(operation.input, "callsign", &Field::name)
                               != operation.input.end();
    if (!names_a_pilot || text_or(request.args, "callsign", "") == request.caller.callsign)
        return std::nullopt;
    return make_error(ErrorCode::forbidden, fmt::format("this is the token of {}", request.caller.callsign),
                      "/callsign");
}

std::optional<Error> keep_to_project(Request& request) {
    auto project = text_or(request.args, "project", request.project);
    auto error = auth::keep_to_project(request.caller, project);
    if (!error && request.caller.is_bound) request.project = std::move(project);
    return error;
}

bool has_table_way(Operation const& operation) {
    return !operation.act.empty() || !operation.statement.empty();
}

}  // namespace

Millis taken_wait(Request& request) {
    Millis const wait = std::chrono::seconds(number_or(request.args, "wait_seconds", 0));
    request.args.erase("wait_seconds");
    return wait;
}

Answer answer_of(Json const& body, int status) {
    Answer answer;
    answer.json = json_text(body);
    answer.status = status;
    return answer;
}

std::optional<Error> check_role(Operation const& operation, auth::Identity const& caller) {
    if (operation.role == Role::anyone) return std::nullopt;
    if (caller.source.empty()) return make_error(ErrorCode::unauthenticated);
    if (operation.role == Role::user || caller.has_role(auth::operator_role)) return std::nullopt;
    return make_error(ErrorCode::forbidden, fmt::format("{} needs the operator role", operation.name));
}

Operations::State::State(OperationsParts given)
    : parts(std::move(given)),
      beats(parts.loop, parts.reads,
            [this](std::string project, std::string callsign) {
                revive(*this, std::move(project), std::move(callsign));
            }),
      polls(parts.loop, parts.bus, parts.waits_max),
      changed(parts.loop, std::chrono::steady_clock::time_point::max()) {}

Operations::Operations(OperationsParts parts) : state_(std::make_unique<State>(std::move(parts))) {
    bind_events(*state_);
    bind_pilots(*state_);
    bind_reservations(*state_);
    bind_cursors(*state_);
    bind_mail(*state_);
    bind_briefing(*state_);
    bind_claims(*state_);
    bind_usage(*state_);
    bind_sessions(*state_);
    bind_hooks(*state_);
}

Operations::~Operations() = default;

void Operations::bind(std::string_view name, OperationHandler handler) {
    FLEET_ASSERT(find_operation(name), "an operation that is bound stands in the catalogue");
    bool const is_new = state_->handlers.emplace(std::string(name), std::move(handler)).second;
    FLEET_ASSERT(is_new, "an operation is bound once");
}

std::vector<std::string_view> Operations::unbound() const {
    std::vector<std::string_view> names;
    for (Operation const& operation : fleet::operations()) {
        bool const is_a_faces = std::ranges::find(of_the_faces, operation.name) != of_the_faces.end();
        if (is_a_faces || has_table_way(operation) || state_->handlers.contains(operation.name)) continue;
        names.push_back(operation.name);
    }
    return names;
}

asio::awaitable<Result<Answer>> Operations::call(std::string_view name, Request request) {
    State& state = *state_;
    Operation const* const operation = find_operation(name);
    if (!operation) co_return make_error(ErrorCode::not_found, fmt::format("there is no operation {}", name));
    if (auto error = check_role(*operation, request.caller)) co_return std::move(*error);

    if (auto error = check_own(*operation, request)) co_return std::move(*error);
    if (auto error = keep_to_project(request)) co_return std::move(*error);
    in_seconds(*operation, request.args);
    if (operation->act == "open_session") fill_place(request);
    auto const bound = state.handlers.find(name);
    bool const needs_database = has_table_way(*operation) || operation->needs_project;
    if (needs_database && state.parts.unavailable)
        if (auto error = state.parts.unavailable()) co_return std::move(*error);
    if (operation->needs_project) {
        auto project = project_of(request);
        if (!project) co_return project.error();
        if (!request.caller.callsign.empty()) state.beats.touch(*project, request.caller.callsign);
    }
    if (bound != state.handlers.end()) {
        auto const& handler = bound->second;
        co_return co_await handler(std::move(request));
    }
    if (!operation->act.empty()) co_return co_await act_by_table(state, *operation, std::move(request));
    if (!operation->statement.empty())
        co_return co_await read_by_table(state, *operation, std::move(request));
    co_return make_error(ErrorCode::internal, fmt::format("{} has no code behind it", name));
}

asio::awaitable<void> Operations::run() { co_await state_->beats.run(); }

std::size_t Operations::waits() const { return state_->waits.size() + state_->polls.size(); }

}  // namespace fleet::ops
