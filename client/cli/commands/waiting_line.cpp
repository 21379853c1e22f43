#include "cli/commands/waiting_line.hpp"

#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

constexpr Millis soon{300};
constexpr Millis tick{1'000};

// Shared with the coroutine, which may outlive the command by a moment.
struct Waiting {
    explicit Waiting(asio::any_io_executor executor) : timer(std::move(executor)) {}

    asio::steady_timer timer;
    Client* client = nullptr;
    Screen* screen = nullptr;
    std::string callsign{};
    std::vector<std::string> patterns{};
    Time deadline{};
    Json holders = Json::array();
    bool over = false;
};

std::string line_of(Waiting const& waiting) {
    Time now = clock_now();
    std::vector<std::string> parts;
    for (Json const& one : waiting.holders) {
        auto holder = text_or(one, "holder", "");
        if (holder.empty() || holder == waiting.callsign) continue;
        auto left = left_member(one, "expires_at", now);
        auto part =
            fmt::format("{} ({}{}{})", holder, list_member(one, "patterns"), left.empty() ? "" : ", ", left);
        if (std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(std::move(part));
    }
    auto whom = parts.empty() ? std::string("its turn") : joined(parts, ", ");
    auto left = std::max(waiting.deadline - now, Millis(1'000));
    return printable(fmt::format("waiting for {}; gives up in {}", whom, span_words(left)));
}

asio::awaitable<void> ask_holders(std::shared_ptr<Waiting> waiting) {
    Json found = Json::array();
    for (std::string const& pattern : waiting->patterns) {
        Json args{{"path", pattern}};
        CallOptions options;
        std::string operation = "files.who";
        auto answer =
            co_await waiting->client->async_call(operation, std::move(args), options, asio::use_awaitable);
        if (waiting->over || !answer || !answer->contains("items")) co_return;
        for (Json const& one : answer->at("items")) found.push_back(one);
    }
    waiting->holders = std::move(found);
}

// Says it once where lines stay, and keeps it up to date on a terminal.
asio::awaitable<void> tell(std::shared_ptr<Waiting> waiting) {
    Millis pause = soon;
    for (int ticks = 0; !waiting->over; ++ticks) {
        waiting->timer.expires_after(pause);
        auto [ended] = co_await waiting->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (ended || waiting->over) co_return;
        if (ticks % 5 == 0) co_await ask_holders(waiting);
        if (waiting->over) co_return;
        waiting->screen->passing(line_of(*waiting));
        if (!waiting->screen->is_terminal()) co_return;
        pause = tick;
    }
}

void nothing(std::exception_ptr const&) {}

}  // namespace

Result<Json> reserve_waiting(Context& context, std::string const& callsign, Json args) {
    bool waits = number_or(args, "wait_seconds", 0) > 0;
    auto waiting = std::make_shared<Waiting>(context.loop().get_executor());
    if (waits && !context.is_json()) {
        waiting->client = &context.client();
        waiting->screen = &context.screen();
        waiting->callsign = callsign;
        waiting->patterns = args.at("patterns").get<std::vector<std::string>>();
        waiting->deadline = clock_now() + Millis(number_or(args, "wait_seconds", 0) * 1'000);
        asio::co_spawn(context.loop(), tell(waiting), nothing);
    }
    auto answer = context.try_call("reservations.reserve", std::move(args));
    waiting->over = true;
    waiting->timer.cancel();
    context.screen().passing("");
    return answer;
}

void keep_reservation(Context& context, std::string const& callsign, Json const& granted) {
    auto id = text_or(granted, "reservation_id", "");
    KeptReservation kept;
    kept.token = number_or(granted, "token", 0);
    kept.expires_at = text_or(granted, "expires_at", "");
    for (Json const& pattern : granted.at("patterns")) kept.patterns.push_back(pattern.get<std::string>());
    must(context.store().change(callsign, [&](KeptPilot& pilot) {
        if (pilot.project.empty()) pilot.project = context.project();
        pilot.reservations[id] = kept;
    }));
}

}  // namespace fleet::cli
