#pragma once
// The events of the log as they are committed.
#include <fleet/backoff.hpp>
#include <fleet/client.hpp>
#include <fleet/event.hpp>
#include <fleet/records.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

struct SubscriptionOptions {
    std::string after = "now";  // a position, "now", or "start": the first event of the log
    std::string cursor{};       // starts where this durable cursor stands; wins over `after` when it exists
    // An empty filter means "any"; an empty project means the client's.
    std::string project{};
    bool every_project = false;
    std::vector<std::string> types{};
    std::string stream_type{};
    std::string stream_id{};
    BackoffLimits pauses{};  // between tries to reconnect
    std::optional<Millis> give_up_after{};
};

// Straight on Postgres, for programs that have a DSN and no daemon.
struct DirectOptions {
    std::string dsn{};
    SubscriptionOptions subscription{};
};

// Hands out every event that matches, in order of seq and each seq once. Reconnects by itself and goes on
// where it was; nothing is lost over a restart of the daemon or the database. Across a restart of the
// *program* a durable cursor carries on: what was handed out but not acknowledged comes again. Lives on its
// executor, which must be serial; one call at a time. It reads no further than the user asks, so a slow
// program costs no memory: it is fed from the log. Ends with `stop()` or its destruction: a pending call
// gives `cancelled`.
class Subscription {
public:
    Subscription(Client const& client, SubscriptionOptions options);
    Subscription(asio::any_io_executor executor, DirectOptions options);
    ~Subscription();
    Subscription(Subscription&&) noexcept;
    Subscription& operator=(Subscription&&) noexcept;

    // The next event. Errors: log_rewound (detail says the last common position), forbidden, invalid_field,
    // cancelled, daemon_away or away after `give_up_after`.
    template <ResultToken<Event> Token>
    auto async_next(Token&& token) {
        return start<Event>(&next, token);
    }
    // All that is there, at least one.
    template <ResultToken<std::vector<Event>> Token>
    auto async_next_batch(Token&& token) {
        return start<std::vector<Event>>(&next_batch, token);
    }
    // Moves the durable cursor of the options to `seq`. Errors: invalid_field without a cursor.
    template <ResultToken<Cursor> Token>
    auto async_ack(std::int64_t seq, Token&& token) {
        return start<Cursor>(&ack, token, seq);
    }

    // Where it stands: everything that matches up to here has been handed out or waits in `async_next`.
    Position position() const;
    bool is_connected() const;
    // Why it is not connected, for a status line; empty while all is well.
    std::string trouble() const;
    void stop();

private:
    struct State;
    using StatePtr = std::shared_ptr<State>;
    template <class T>
    using Work = asio::awaitable<Result<T>>;

    static Work<Event> next(StatePtr state);
    static Work<std::vector<Event>> next_batch(StatePtr state);
    static Work<Cursor> ack(StatePtr state, std::int64_t seq);
    asio::any_io_executor executor() const;

    template <class T, class Token, class... Parameters, class... Args>
    auto start(Work<T> (*body)(StatePtr, Parameters...), Token& token, Args... args) {
        auto initiation = [body](auto handler, asio::any_io_executor home, StatePtr state, auto... given) {
            launch<T>(std::move(home), body(std::move(state), given...), Completion<T>(std::move(handler)));
        };
        return asio::async_initiate<Token, void(Result<T>)>(std::move(initiation), token, executor(), state_,
                                                            args...);
    }

    StatePtr state_;
};

}  // namespace fleet
