// All operations by name: what HTTP and WebSocket, and later MCP, all call.
#pragma once

#include "bus/appender.hpp"
#include "bus/bus.hpp"
#include "bus/cursors.hpp"
#include "operations/host_stamp.hpp"
#include "operations/request.hpp"
#include "store/reads.hpp"

#include <fleet/operations.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::ops {

// How hooks of agent programs are answered.
struct HookOptions {
    std::string policy{"enforce"};      // or warn, off; what a project says for itself is stronger
    bool fails_closed = false;          // an edit nobody can be asked about is denied
    Millis limit{300};                  // before an edit; then `fails_closed` decides
    Millis ttl{1'800'000};              // of a reservation that an edit makes
    std::int64_t mail_max = 3;          // messages of one hook
    Millis mail_pause{10'000};
    std::int64_t briefing_tokens = 1'500;
};

// Everything lives on the loop thread and outlives `Operations`.
struct OperationsParts {
    asio::any_io_executor loop;
    bus::Appender& appender;
    bus::Bus& bus;
    bus::Cursors& cursors;
    store::Reads& reads;
    HostStamp const& host;
    std::string version{};              // of this program, for `metadata`
    Millis wait_max{3'600'000};         // longest wait for files
    std::size_t waits_max = 4'096;      // requests that wait for files at once
    Millis reservation_ttl{3'600'000};  // when none is asked for
    Millis pilot_lease{300'000};        // how long a sign of life lasts
    HookOptions hooks{};
    // Why nothing can be asked of the database just now, or nothing: answers 503 at once instead of after a
    // limit. Called before each operation that needs it; may be empty.
    std::function<std::optional<Error>()> unavailable{};
    // A command that carried this epoch was refused because the host's has moved. May be empty.
    std::function<void(std::int64_t carried)> epoch_moved{};
};

// Code of its own for an operation: services, schema, status, …
using OperationHandler = std::function<asio::awaitable<Result<Answer>>(Request request)>;

// Lives on the loop thread; the owner keeps it until every call has ended.
class Operations {
public:
    explicit Operations(OperationsParts parts);
    ~Operations();
    Operations(Operations const&) = delete;
    Operations& operator=(Operations const&) = delete;

    // Binds code to a name of the catalogue, before the first call. A name that is not there, or bound
    // already, is a bug (asserted).
    void bind(std::string_view name, OperationHandler handler);
    // Those of the catalogue that nobody has bound and no table drives: empty when app has wired everything.
    std::vector<std::string_view> unbound() const;

    // The operation's answer. Errors: forbidden (role), not_found (no such operation), those of the
    // operation, away, stopping, too_many. Input that was not checked is checked by the database alone.
    asio::awaitable<Result<Answer>> call(std::string_view name, Request request);

    // Sends signs of life, gathered from commands of pilots, in the background. Spawned once by the owner;
    // ends after `stop()`.
    asio::awaitable<void> run();

    // After this, waits for files end with `stopping` and are told to the database; completes when they have,
    // and `run` with them.
    asio::awaitable<void> stop();
    std::size_t waits() const;

    struct State;

private:
    std::unique_ptr<State> state_;
};

// May this caller do that? Errors: unauthenticated, forbidden.
std::optional<Error> check_role(Operation const& operation, auth::Identity const& caller);

}  // namespace fleet::ops
