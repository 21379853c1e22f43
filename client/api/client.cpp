#include <fleet/client.hpp>

#include "api/args.hpp"
#include "api/core.hpp"
#include "api/record_codec.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

namespace fleet {
namespace {

Json reserve_args(ReserveRequest const& request) {
    Json args{{"patterns", request.patterns}};
    if (request.shared) args["mode"] = "shared";
    put(args, "purpose", request.purpose);
    put(args, "reason", request.reason);
    put(args, "priority", request.priority);
    if (request.ttl) args["ttl_seconds"] = whole_seconds(*request.ttl);
    if (request.wait) args["wait_seconds"] = whole_seconds(*request.wait);
    if (request.dry_run) args["dry_run"] = true;
    return args;
}

Json event_args(NewEvent const& event) {
    Json args{{"type", event.type}, {"data", event.data}};
    put(args, "stream_type", event.stream_type);
    put(args, "stream_id", event.stream_id);
    put(args, "event_id", event.event_id);
    put(args, "correlation_id", event.correlation_id);
    put(args, "causation_id", event.causation_id);
    return args;
}

template <class T>
Result<T> read_as(Result<Json> const& answer, T (*read)(Json const&)) {
    if (!answer) return answer.error();
    return read(*answer);
}

template <class T>
Result<Page<T>> read_page(Result<Json> const& answer, T (*read)(Json const&)) {
    if (!answer) return answer.error();
    return page_from_json(*answer, read);
}

Event lenient_event(Json const& value) {
    auto event = event_from_json(value);
    return event ? *std::move(event) : Event{};
}

}  // namespace

Client::Client(asio::any_io_executor executor, ClientOptions options)
    : core_(std::make_shared<ClientCore>(std::move(executor), std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

ClientOptions const& Client::options() const {
    return core_->options();
}
asio::any_io_executor Client::get_executor() const {
    return core_->executor();
}

Client::Work<Json> Client::call(ClientCorePtr core, std::string operation, Json args, CallOptions options) {
    co_return co_await core->call(std::move(operation), std::move(args), std::move(options));
}

Client::Work<Json> Client::stream(ClientCorePtr core, std::string operation, Json args, JsonSink sink) {
    co_return co_await core->stream(std::move(operation), std::move(args), std::move(sink));
}

Client::Work<Json> Client::named(ClientCorePtr core, std::string operation) {
    CallOptions options;
    Json args = Json::object();
    co_return co_await core->call(std::move(operation), std::move(args), std::move(options));
}

Client::Work<Project> Client::register_project(ClientCorePtr core, ProjectRequest request) {
    Json args{{"key", request.key}};
    put(args, "name", request.name);
    put(args, "vcs_url", request.vcs_url);
    put(args, "default_branch", request.default_branch);
    auto answer = co_await core->plain("projects.register", std::move(args));
    co_return read_as(answer, project_from_json);
}

Client::Work<Page<Project>> Client::list_projects(ClientCorePtr core, ListRequest request) {
    auto answer = co_await core->plain("projects.list", std::move(request));
    co_return read_page(answer, project_from_json);
}

Client::Work<RegisteredPilot> Client::register_pilot(ClientCorePtr core, PilotRequest request) {
    Json args{{"program", request.program}, {"model", request.model}};
    put(args, "callsign", request.callsign);
    put(args, "role", request.role);
    put(args, "task_description", request.task_description);
    if (!request.capabilities.empty()) args["capabilities"] = request.capabilities;
    if (request.resume) args["resume"] = true;
    auto answer = co_await core->plain("pilots.register", std::move(args));
    if (!answer) co_return answer.error();
    RegisteredPilot registered;
    registered.pilot = pilot_from_json(*answer);
    registered.token = text_or(*answer, "token", "");
    co_return registered;
}

Client::Work<Page<Pilot>> Client::list_pilots(ClientCorePtr core, ListRequest request) {
    auto answer = co_await core->plain("pilots.list", std::move(request));
    co_return read_page(answer, pilot_from_json);
}

Client::Work<Pilot> Client::show_pilot(ClientCorePtr core, std::string callsign) {
    Json args{{"callsign", std::move(callsign)}};
    auto answer = co_await core->plain("pilots.show", std::move(args));
    co_return read_as(answer, pilot_from_json);
}

Client::Work<Json> Client::beat(ClientCorePtr core, std::string callsign) {
    Json args{{"callsign", std::move(callsign)}};
    co_return co_await core->plain("pilots.beat", std::move(args));
}

Client::Work<Json> Client::deregister_pilot(ClientCorePtr core, DeregisterRequest request) {
    Json args{{"callsign", request.callsign}};
    put(args, "reason", request.reason);
    put(args, "final_status", request.final_status);
    co_return co_await core->plain("pilots.deregister", std::move(args));
}

Client::Work<ReserveOutcome> Client::reserve(ClientCorePtr core, ReserveRequest request) {
    Json args = reserve_args(request);
    auto answer = co_await core->plain("reservations.reserve", std::move(args));
    co_return outcome_from(answer);
}

Client::Work<Time> Client::extend(ClientCorePtr core, Fence fence, Millis ttl) {
    Json args{{"reservation_id", fence.id}, {"ttl_seconds", whole_seconds(ttl)}};
    auto answer = co_await core->fenced("reservations.extend", std::move(args), std::move(fence));
    if (!answer) co_return answer.error();
    co_return parse_time(text_or(*answer, "expires_at", ""));
}

Client::Work<Json> Client::release(ClientCorePtr core, Fence fence) {
    Json args{{"reservation_id", fence.id}};
    co_return co_await core->fenced("reservations.release", std::move(args), std::move(fence));
}

Client::Work<Json> Client::force_release(ClientCorePtr core, ForceReleaseRequest request) {
    Json args{{"reservation_id", request.reservation_id}, {"reason", request.reason}};
    put(args, "evidence", request.evidence);
    co_return co_await core->plain("reservations.force_release", std::move(args));
}

Client::Work<Page<Reservation>> Client::list_reservations(ClientCorePtr core, ListRequest request) {
    auto answer = co_await core->plain("reservations.list", std::move(request));
    co_return read_page(answer, reservation_from_json);
}

Client::Work<FileCheck> Client::check_file(ClientCorePtr core, std::string path, std::int64_t fencing_token) {
    Json args{{"paths", {path}}, {"token", fencing_token}};
    auto answer = co_await core->plain("files.check", std::move(args));
    FileCheck check;
    check.path = std::move(path);
    if (!answer && answer.error().code == ErrorCode::stale_token) {
        check.reason = answer.error().message;
        co_return check;
    }
    if (!answer) co_return answer.error();
    check.valid = flag_or(*answer, "ok", false);
    if (answer->contains("items") && answer->at("items").is_array() && !answer->at("items").empty()) {
        Json const& item = answer->at("items").front();
        check.holder = text_or(item, "holder", "");
        check.reason = text_or(item, "reason", "");
    }
    co_return check;
}

Client::Work<Page<Reservation>> Client::who_has(ClientCorePtr core, std::string path) {
    Json args{{"path", std::move(path)}};
    auto answer = co_await core->plain("files.who", std::move(args));
    co_return read_page(answer, reservation_from_json);
}

Client::Work<AppendedEvent> Client::append_one(ClientCorePtr core, NewEvent event) {
    AppendRequest request;
    request.events.push_back(std::move(event));
    auto appended = co_await append(core, std::move(request));
    if (!appended) co_return appended.error();
    if (appended->empty())
        co_return make_error(ErrorCode::internal, "the daemon answered without a position");
    co_return appended->front();
}

Client::Work<std::vector<AppendedEvent>> Client::append(ClientCorePtr core, AppendRequest request) {
    Json events = Json::array();
    // The ids make a repeat safe: what is in the log already is answered from there.
    for (NewEvent& event : request.events) {
        if (event.event_id.empty()) event.event_id = new_id("evt");
        events.push_back(event_args(event));
    }
    Json args = Json::object();
    args["events"] = std::move(events);
    if (!request.expected_version.empty()) args["expected_version"] = request.expected_version;
    auto answer = co_await core->plain("events.append_batch", std::move(args));
    if (!answer) co_return answer.error();
    std::vector<AppendedEvent> appended;
    if (answer->contains("events") && answer->at("events").is_array()) {
        for (Json const& one : answer->at("events")) appended.push_back(appended_from_json(one));
    }
    co_return appended;
}

Client::Work<Page<Event>> Client::list_events(ClientCorePtr core, ListRequest request) {
    auto answer = co_await core->plain("events.list", std::move(request));
    co_return read_page(answer, lenient_event);
}

Client::Work<Page<Cursor>> Client::list_cursors(ClientCorePtr core, ListRequest request) {
    auto answer = co_await core->plain("cursors.list", std::move(request));
    co_return read_page(answer, cursor_from_json);
}

Client::Work<Cursor> Client::ack(ClientCorePtr core, std::string consumer, std::int64_t seq) {
    Json args{{"name", consumer}, {"seq", seq}};
    auto answer = co_await core->plain("cursors.advance", std::move(args));
    if (!answer) co_return answer.error();
    Cursor cursor = cursor_from_json(*answer);
    cursor.consumer = std::move(consumer);
    co_return cursor;
}

Client::Work<Page<Host>> Client::list_hosts(ClientCorePtr core, ListRequest request) {
    auto answer = co_await core->plain("hosts.list", std::move(request));
    co_return read_page(answer, host_from_json);
}

}  // namespace fleet
