#pragma once
// What a command works with: who and where we are, the client, the screen. Commands throw `ErrorException`.
#include "cli/globals.hpp"
#include "cli/identity.hpp"
#include "cli/place.hpp"
#include "cli/screen/screen.hpp"
#include "cli/token_store.hpp"

#include <fleet/client.hpp>
#include <fleet/settings.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>
#include <optional>
#include <string>

namespace fleet::cli {

class Context {
public:
    Context(Globals globals, Screen& screen);

    Globals const& globals() const { return globals_; }
    Screen& screen() const { return screen_; }
    bool is_json() const { return screen_.is_json(); }
    Settings const& settings();

    Place const& place();
    // Works somewhere else than where it was started. Only before the first question.
    void work_in(Place place) { place_ = std::move(place); }
    // A daemon that does not answer within `limit` is away: for hooks, behind which somebody waits.
    void be_quick(Millis limit) { quick_ = limit; }
    TokenStore store() { return TokenStore(place()); }

    // --project, FLEET_PROJECT, fleet.toml, .fleet/config.toml; "" when none says it.
    std::string project();
    // Throws not_found with the way out when there is none.
    std::string require_project();
    // Who acts, and who says so: --as, FLEET_AS, the session of an agent program, else the only pilot that
    // registered from here. Throws invalid_field for a FLEET_SESSION that names none.
    Identity const& identity();
    std::string callsign() { return identity().callsign; }
    std::string require_callsign();
    // From here on the user asks, not a pilot.
    void ask_as_user() { as_user_ = true; }

    Client& client();
    // Throws what the daemon refuses, and `cancelled` after Ctrl-C.
    Json call(std::string operation, Json args = Json::object(), CallOptions options = {});
    Result<Json> try_call(std::string operation, Json args = Json::object(), CallOptions options = {});
    Result<Json> stream(std::string operation, Json args, JsonSink sink);
    // Throws `cancelled` when Ctrl-C comes first.
    void pause(Millis time);

    asio::io_context& loop() { return loop_; }
    bool was_interrupted() const { return interrupted_; }
    // What Ctrl-C ends; nothing: the program ends itself.
    void on_interrupt(std::function<void()> end) { on_interrupt_ = std::move(end); }

    // Runs an asynchronous call to its end; Ctrl-C cancels it.
    template <class T, class Begin>
    Result<T> wait(Begin begin) {
        asio::cancellation_signal cancel;
        std::optional<Result<T>> result;
        on_interrupt([&] { cancel.emit(asio::cancellation_type::terminal); });
        auto take = [&](Result<T> given) { result = std::move(given); };
        begin(Completion<T>(asio::bind_cancellation_slot(cancel.slot(), take)));
        run_while([&] { return !result.has_value(); });
        on_interrupt({});
        if (interrupted_) return make_error(ErrorCode::cancelled);
        return std::move(*result);
    }

    // Runs the loop; ends early when there is nothing left to wait for.
    void run_while(std::function<bool()> const& going_on);

private:
    void arm_signals();
    ClientOptions user_options();
    ClientOptions client_options();
    Result<Json> show_session(SessionName const& name);

    Globals globals_;
    Screen& screen_;
    asio::io_context loop_{1};
    asio::signal_set signals_;
    std::function<void()> on_interrupt_{};
    bool interrupted_ = false;
    bool as_user_ = false;
    std::optional<Millis> quick_{};
    std::optional<Settings> settings_{};
    std::optional<Place> place_{};
    std::optional<Identity> identity_{};
    std::optional<Client> client_{};
};

// The value, or throws.
template <class T>
T must(Result<T> result) {
    if (!result) throw ErrorException(result.error());
    return std::move(result).value();
}
inline void must(Result<void> const& result) {
    if (!result) throw ErrorException(result.error());
}

[[noreturn]] void refuse(ErrorCode code, std::string message, std::string hint = {}, std::string field = {});

// Rounded up: no lease is shorter than was asked for.
inline std::int64_t whole_seconds(Millis time) {
    return (time.count() + 999) / 1'000;
}

// A duration of a flag. Throws invalid_field that names the flag.
Millis duration_flag(std::string const& text, std::string_view flag);

}  // namespace fleet::cli
