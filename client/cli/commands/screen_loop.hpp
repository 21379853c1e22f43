#pragma once
// What the full screens of `fleet watch` and `fleet replay` have in common: coroutines that share one state,
// until it says that it is over.
#include "cli/context.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include <initializer_list>
#include <memory>
#include <utility>

namespace fleet::cli {

namespace asio = boost::asio;

// `State` has `over`, `error` and `end()`; the caller holds the one reference beside those of the parts. A
// part that fails ends all of them. Throws the error that is left.
template <class State, class... Parts>
void run_screen(Context& context, std::shared_ptr<State> const& state, Parts... parts) {
    auto const spawn = [&](asio::awaitable<void> part) {
        asio::co_spawn(context.loop(), std::move(part), [state](std::exception_ptr const& failure) {
            if (!failure || state->over) return;
            state->error = make_error(ErrorCode::internal, "the screen stopped working");
            state->end();
        });
    };
    context.on_interrupt([state] { state->end(); });
    (spawn(std::move(parts)), ...);
    // To the very end: the terminal is given back when the last of them has gone. The caller's own and that
    // of the interruption stay.
    context.run_while([&] { return !state->over || state.use_count() > 2; });
    context.on_interrupt({});
    if (state->error) throw ErrorException(*state->error);
}

}  // namespace fleet::cli
