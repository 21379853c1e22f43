#pragma once
// The asynchronous client of a fleet daemon.
#include <fleet/event.hpp>
#include <fleet/json_value.hpp>
#include <fleet/records.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet {

namespace asio = boost::asio;

struct Timeouts {
    Millis connect{2'000};
    Millis answer{30'000};    // waiting for files, mail or work is not counted
    Millis retry_for{5'000};  // how long a request whose connection broke is repeated with the same key
};

struct ClientOptions {
    std::string endpoint{};  // "unix:/path" or "http://host:port"; empty: `default_endpoint()`
    std::string project{};   // key
    std::string callsign{};  // the pilot to act as; empty: as the user
    std::string token{};     // over TCP
    std::size_t connections_kept = 16;  // between two requests; more are opened while they are needed
    Timeouts timeouts{};
};

// What the user's environment says: FLEET_ENDPOINT, FLEET_PROJECT, FLEET_AS.
ClientOptions options_from_environment();

// The socket of this user's daemon: FLEET_SOCKET, else fleetd.sock in FLEET_RUNTIME_DIR,
// $XDG_RUNTIME_DIR/fleet or run/ of the data directory.
std::string default_endpoint();

struct ProjectRequest {
    std::string key{};
    std::string name{};
    std::string vcs_url{};
    std::string default_branch{};
};
struct PilotRequest {
    std::string callsign{};  // empty: a free one is drawn
    std::string program{};
    std::string model{};
    std::string role{};
    std::vector<std::string> capabilities{};
    std::string task_description{};
    bool resume = false;  // it was registered before and is the same pilot
};
struct DeregisterRequest {
    std::string callsign{};
    std::string reason{};  // completed, error, timeout, manual
    std::string final_status{};
};
struct ReserveRequest {
    std::vector<std::string> patterns{};
    bool shared = false;
    std::string purpose{};  // edit, read, review, delete
    std::string reason{};
    std::optional<Millis> ttl{};
    std::optional<Millis> wait{};
    std::string priority{};  // low, medium, high, critical
    bool dry_run = false;
};
struct ForceReleaseRequest {
    std::string reservation_id{};
    std::string reason{};
    std::string evidence{};
};
struct NewEvent {
    std::string type{};  // "x.…" or an open type of the catalogue
    Json data = Json::object();
    std::string stream_type{};
    std::string stream_id{};
    std::string event_id{};  // drawn when empty
    std::string correlation_id{};
    std::string causation_id{};
};
struct AppendRequest {
    std::vector<NewEvent> events{};                          // appended together or not at all
    std::map<std::string, std::int64_t> expected_version{};  // stream id → version
};

// Filters, a `limit` and where to go on, by the names of the operation: {"holder": "viper-1", "limit": 50}.
using ListRequest = Json;

struct CallOptions {
    std::optional<Fence> fence{};
    std::string idempotency_key{};   // drawn when empty
    std::string callsign{};          // acts as this pilot instead of `ClientOptions::callsign`
    std::optional<std::int64_t> if_match{};  // only if the entity is at this `stream_version`
    std::optional<Millis> answer{};  // instead of `Timeouts::answer`
    bool waits_for_daemon = true;  // false: not repeated for `Timeouts::retry_for`
};

// Takes one JSON document of a streamed answer; false ends the stream.
using JsonSink = std::function<bool(Json const& document)>;

template <class T>
using Completion = asio::any_completion_handler<void(Result<T>)>;

template <class Token, class T>
concept ResultToken = asio::completion_token_for<Token, void(Result<T>)>;

class ClientCore;
using ClientCorePtr = std::shared_ptr<ClientCore>;

// Each operation is an initiating function: with `use_awaitable` it is awaited, with `use_future` it gives a
// future, with a callback it calls it; always with a `Result`. Errors of all of them: those of the operation,
// `daemon_away`, `cancelled`. A call may be started in any thread; the work is done on the executor, which
// must be serial (one thread, or a strand). The client may go away while calls are under way: they end by
// themselves. Every mutating call carries an Idempotency-Key; when the connection breaks before the answer is
// there, the call is repeated with the same key for `Timeouts::retry_for`.
class Client {
public:
    explicit Client(asio::any_io_executor executor, ClientOptions options = {});
    // Another face of the same connections.
    explicit Client(ClientCorePtr core) : core_(std::move(core)) {}
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    ClientOptions const& options() const;
    asio::any_io_executor get_executor() const;
    ClientCorePtr const& core() const { return core_; }

    // Any operation by its name in the catalogue, with its arguments, path parameters among them.
    template <ResultToken<Json> Token>
    auto async_call(std::string operation, Json args, CallOptions options, Token&& token) {
        return start<Json>(&call, token, std::move(operation), std::move(args), std::move(options));
    }
    // An operation that streams: ends with the last document, or when `sink` answers false.
    template <ResultToken<Json> Token>
    auto async_stream(std::string operation, Json args, JsonSink sink, Token&& token) {
        return start<Json>(&stream, token, std::move(operation), std::move(args), std::move(sink));
    }

    // Projects. Registering twice is harmless.
    template <ResultToken<Project> Token>
    auto async_register_project(ProjectRequest request, Token&& token) {
        return start<Project>(&register_project, token, std::move(request));
    }
    template <ResultToken<Page<Project>> Token>
    auto async_list_projects(ListRequest request, Token&& token) {
        return start<Page<Project>>(&list_projects, token, std::move(request));
    }

    // Pilots. Errors of registering: callsign_taken.
    template <ResultToken<RegisteredPilot> Token>
    auto async_register_pilot(PilotRequest request, Token&& token) {
        return start<RegisteredPilot>(&register_pilot, token, std::move(request));
    }
    template <ResultToken<Page<Pilot>> Token>
    auto async_list_pilots(ListRequest request, Token&& token) {
        return start<Page<Pilot>>(&list_pilots, token, std::move(request));
    }
    template <ResultToken<Pilot> Token>
    auto async_show_pilot(std::string callsign, Token&& token) {
        return start<Pilot>(&show_pilot, token, std::move(callsign));
    }
    // A sign of life; keeps the pilot's leases alive, too.
    template <ResultToken<Json> Token>
    auto async_beat(std::string callsign, Token&& token) {
        return start<Json>(&beat, token, std::move(callsign));
    }
    template <ResultToken<Json> Token>
    auto async_deregister_pilot(DeregisterRequest request, Token&& token) {
        return start<Json>(&deregister_pilot, token, std::move(request));
    }

    // Files. All patterns or none; with `wait` it queues and completes when the files are free.
    template <ResultToken<ReserveOutcome> Token>
    auto async_reserve(ReserveRequest request, Token&& token) {
        return start<ReserveOutcome>(&reserve, token, std::move(request));
    }
    // The new expiry. Errors: stale_token.
    template <ResultToken<Time> Token>
    auto async_extend(Fence fence, Millis ttl, Token&& token) {
        return start<Time>(&extend, token, std::move(fence), ttl);
    }
    template <ResultToken<Json> Token>
    auto async_release(Fence fence, Token&& token) {
        return start<Json>(&release, token, std::move(fence));
    }
    // Ends what another pilot holds. Needs the operator role.
    template <ResultToken<Json> Token>
    auto async_force_release(ForceReleaseRequest request, Token&& token) {
        return start<Json>(&force_release, token, std::move(request));
    }
    template <ResultToken<Page<Reservation>> Token>
    auto async_list_reservations(ListRequest request, Token&& token) {
        return start<Page<Reservation>>(&list_reservations, token, std::move(request));
    }
    template <ResultToken<FileCheck> Token>
    auto async_check_file(std::string path, std::int64_t fencing_token, Token&& token) {
        return start<FileCheck>(&check_file, token, std::move(path), fencing_token);
    }
    // Who holds a path or what overlaps a pattern; nobody: an empty page.
    template <ResultToken<Page<Reservation>> Token>
    auto async_who_has(std::string path, Token&& token) {
        return start<Page<Reservation>>(&who_has, token, std::move(path));
    }

    // The log.
    template <ResultToken<AppendedEvent> Token>
    auto async_append(NewEvent event, Token&& token) {
        return start<AppendedEvent>(&append_one, token, std::move(event));
    }
    template <ResultToken<std::vector<AppendedEvent>> Token>
    auto async_append(AppendRequest request, Token&& token) {
        return start<std::vector<AppendedEvent>>(&append, token, std::move(request));
    }
    template <ResultToken<Page<Event>> Token>
    auto async_list_events(ListRequest request, Token&& token) {
        return start<Page<Event>>(&list_events, token, std::move(request));
    }
    template <ResultToken<Page<Cursor>> Token>
    auto async_list_cursors(ListRequest request, Token&& token) {
        return start<Page<Cursor>>(&list_cursors, token, std::move(request));
    }
    // Moves a durable cursor, forward only.
    template <ResultToken<Cursor> Token>
    auto async_ack(std::string consumer, std::int64_t seq, Token&& token) {
        return start<Cursor>(&ack, token, std::move(consumer), seq);
    }

    // Hosts, health and services, as the documents that `--json` prints.
    template <ResultToken<Page<Host>> Token>
    auto async_list_hosts(ListRequest request, Token&& token) {
        return start<Page<Host>>(&list_hosts, token, std::move(request));
    }
    template <ResultToken<Json> Token>
    auto async_status(Token&& token) {
        return start<Json>(&named, token, std::string("status"));
    }
    template <ResultToken<Json> Token>
    auto async_services_status(Token&& token) {
        return start<Json>(&named, token, std::string("services.status"));
    }
    // `progress` gets a document {"step", "text"} for each step; the answer is the last one.
    template <ResultToken<Json> Token>
    auto async_services_up(Json args, JsonSink progress, Token&& token) {
        return start<Json>(&stream, token, std::string("services.up"), std::move(args), std::move(progress));
    }
    template <ResultToken<Json> Token>
    auto async_services_down(Token&& token) {
        return start<Json>(&named, token, std::string("services.down"));
    }
    template <ResultToken<Json> Token>
    auto async_services_logs(Json args, JsonSink line, Token&& token) {
        return start<Json>(&stream, token, std::string("services.logs"), std::move(args), std::move(line));
    }
    template <ResultToken<Json> Token>
    auto async_db_status(Token&& token) {
        return start<Json>(&named, token, std::string("db.status"));
    }
    template <ResultToken<Json> Token>
    auto async_db_migrate(Token&& token) {
        return start<Json>(&named, token, std::string("db.migrate"));
    }
    template <ResultToken<Json> Token>
    auto async_doctor(Token&& token) {
        return start<Json>(&named, token, std::string("doctor"));
    }
    // Rebuilds the state from the log and compares; the answer lists what differs.
    template <ResultToken<Json> Token>
    auto async_verify(Token&& token) {
        return start<Json>(&named, token, std::string("replay"));
    }

private:
    template <class T>
    using Work = asio::awaitable<Result<T>>;

    static Work<Json> call(ClientCorePtr core, std::string operation, Json args, CallOptions options);
    static Work<Json> stream(ClientCorePtr core, std::string operation, Json args, JsonSink sink);
    static Work<Json> named(ClientCorePtr core, std::string operation);
    static Work<Project> register_project(ClientCorePtr core, ProjectRequest request);
    static Work<Page<Project>> list_projects(ClientCorePtr core, ListRequest request);
    static Work<RegisteredPilot> register_pilot(ClientCorePtr core, PilotRequest request);
    static Work<Page<Pilot>> list_pilots(ClientCorePtr core, ListRequest request);
    static Work<Pilot> show_pilot(ClientCorePtr core, std::string callsign);
    static Work<Json> beat(ClientCorePtr core, std::string callsign);
    static Work<Json> deregister_pilot(ClientCorePtr core, DeregisterRequest request);
    static Work<ReserveOutcome> reserve(ClientCorePtr core, ReserveRequest request);
    static Work<Time> extend(ClientCorePtr core, Fence fence, Millis ttl);
    static Work<Json> release(ClientCorePtr core, Fence fence);
    static Work<Json> force_release(ClientCorePtr core, ForceReleaseRequest request);
    static Work<Page<Reservation>> list_reservations(ClientCorePtr core, ListRequest request);
    static Work<FileCheck> check_file(ClientCorePtr core, std::string path, std::int64_t fencing_token);
    static Work<Page<Reservation>> who_has(ClientCorePtr core, std::string path);
    static Work<AppendedEvent> append_one(ClientCorePtr core, NewEvent event);
    static Work<std::vector<AppendedEvent>> append(ClientCorePtr core, AppendRequest request);
    static Work<Page<Event>> list_events(ClientCorePtr core, ListRequest request);
    static Work<Page<Cursor>> list_cursors(ClientCorePtr core, ListRequest request);
    static Work<Cursor> ack(ClientCorePtr core, std::string consumer, std::int64_t seq);
    static Work<Page<Host>> list_hosts(ClientCorePtr core, ListRequest request);

    template <class T, class Token, class... Parameters, class... Args>
    auto start(Work<T> (*body)(ClientCorePtr, Parameters...), Token& token, Args... args);

    ClientCorePtr core_;
};

// Runs `work` on the executor and completes `done` with its result: where the bodies, compiled once, meet the
// completion token of the caller.
template <class T>
void launch(asio::any_io_executor executor, asio::awaitable<Result<T>> work, Completion<T> done);

template <class T, class Token, class... Parameters, class... Args>
auto Client::start(Work<T> (*body)(ClientCorePtr, Parameters...), Token& token, Args... args) {
    auto initiation = [body](auto handler, asio::any_io_executor executor, ClientCorePtr core,
                             auto... given) {
        launch<T>(std::move(executor), body(std::move(core), std::move(given)...),
                  Completion<T>(std::move(handler)));
    };
    return asio::async_initiate<Token, void(Result<T>)>(std::move(initiation), token, get_executor(), core_,
                                                        std::move(args)...);
}

}  // namespace fleet
