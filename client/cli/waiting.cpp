#include "cli/waiting.hpp"

#include <algorithm>
#include <chrono>

namespace fleet::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t request_seconds_max = 300;
constexpr Millis pause{1'000};

Millis left_of(Clock::time_point deadline) {
    return std::max(std::chrono::duration_cast<Millis>(deadline - Clock::now()), Millis(0));
}

void tell(Context& context, Patience const& patience) {
    if (context.screen().is_terminal()) context.screen().passing(patience.waiting);
}

}  // namespace

Result<Json> call_waiting(Context& context, std::string const& operation, Json args, Patience const& patience,
                          std::function<bool(Result<Json> const&)> const& is_there) {
    if (patience.wait.count() <= 0) return context.try_call(operation, std::move(args));
    auto const deadline = Clock::now() + patience.wait;
    tell(context, patience);
    while (true) {
        auto const left = std::min(whole_seconds(left_of(deadline)), request_seconds_max);
        args["wait_seconds"] = left;
        CallOptions options;
        options.answer = Millis(left * 1'000) + Millis(context.settings().client_timeout);
        auto answer = context.try_call(operation, args, std::move(options));
        bool is_over = is_there(answer) || context.was_interrupted() || left_of(deadline).count() == 0;
        if (!is_over) continue;
        context.screen().passing("");
        return answer;
    }
}

Result<Json> call_again(Context& context, std::string const& operation, Json const& args,
                        Patience const& patience, std::function<bool(Result<Json> const&)> const& is_there) {
    auto const deadline = Clock::now() + patience.wait;
    auto answer = context.try_call(operation, args);
    if (!is_there(answer) && patience.wait.count() > 0) tell(context, patience);
    while (!is_there(answer) && left_of(deadline).count() > 0) {
        context.pause(std::min(pause, left_of(deadline)));
        answer = context.try_call(operation, args);
    }
    context.screen().passing("");
    return answer;
}

}  // namespace fleet::cli
