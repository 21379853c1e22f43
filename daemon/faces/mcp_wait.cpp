// `wait`: blocks until something is there, or a limit.
#include "faces/mcp_call.hpp"

#include <fleet/json.hpp>
#include <fleet/time.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>

namespace fleet::faces {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t seconds_default = 50;  // below the time limit that clients have for a tool
constexpr std::int64_t items_max = 5;
constexpr Millis sign_of_life{60'000};

bus::Filter filter_of(McpCall const& call, Json const& args) {
    bus::Filter filter;
    filter.project = call.project();
    auto const until = text_or(args, "until", "");
    if (until == "mail") filter.types = {"message_sent", "message_requeued"};
    if (until == "file")
        filter.types = {"file_released", "file_reservation_forced", "file_wait_ended", "fleet_recovered"};
    if (until == "sortie")
        filter.types = {"sortie_created",   "sortie_updated", "sortie_completed",          "sortie_failed",
                        "sortie_cancelled", "sortie_skipped", "sortie_requeued",           "mission_started",
                        "review_completed", "fleet_resumed",  "pilot_capabilities_changed"};
    if (until != "event") return filter;
    filter.stream_id = text_or(args, "stream_id", "");
    auto const list = text_or(args, "type", "");
    for (std::size_t from = 0; from < list.size();) {
        auto const end = std::min(list.find(',', from), list.size());
        if (end > from) filter.types.push_back(list.substr(from, end - from));
        from = end + 1;
    }
    return filter;
}

// What is there now, and until when looking again is of no use unless something happens.
struct Look {
    Json items = Json::array();
    bool is_there = false;
    std::optional<Clock::time_point> again{};
};

asio::awaitable<Result<Look>> look_for_mail(McpCall& call) {
    Json of{{"callsign", call.callsign()}, {"unread", true}, {"limit", items_max}};
    auto mail = co_await call.operation("messages.inbox", std::move(of));
    if (!mail) co_return mail.error();
    Look look{.items = mail->value("items", Json::array())};
    look.is_there = !look.items.empty();
    co_return look;
}

asio::awaitable<Result<Look>> look_for_file(McpCall& call, Json const& args) {
    Json of{{"path", args.at("path")}};
    auto held = co_await call.operation("files.who", std::move(of));
    if (!held) co_return held.error();
    Look look;
    for (Json const& one : held->value("items", Json::array())) {
        bool const is_mine = text_or(one, "holder", "") == call.callsign();
        if (is_mine || text_or(one, "status", "") != "active") continue;
        look.items.push_back(one);
        // A lease that lapses tells nobody.
        auto const ends = parse_time(text_or(one, "expires_at", ""));
        if (!ends) continue;
        auto const left = std::chrono::duration_cast<Millis>(*ends - std::chrono::system_clock::now());
        auto const at = Clock::now() + std::max(left, Millis(50));
        look.again = std::min(look.again.value_or(at), at);
    }
    look.is_there = look.items.empty();
    co_return look;
}

asio::awaitable<Result<Look>> look_for_sortie(McpCall& call) {
    Json of{{"limit", items_max}, {"project", call.project()}};
    if (!call.callsign().empty()) of["callsign"] = call.callsign();
    auto ready = co_await call.operation("sorties.ready", std::move(of));
    if (!ready) co_return ready.error();
    Look look{.items = ready->value("items", Json::array())};
    look.is_there = !look.items.empty();
    co_return look;
}

asio::awaitable<Result<Look>> look_for(McpCall& call, Json const& args, bus::Batch const& news) {
    auto const until = text_or(args, "until", "");
    if (until == "mail") co_return co_await look_for_mail(call);
    if (until == "file") co_return co_await look_for_file(call, args);
    if (until == "sortie") co_return co_await look_for_sortie(call);
    Look look;
    for (auto const& event : news.events) {
        if (look.items.size() >= items_max) break;
        look.items.push_back(Json::parse(event->json, nullptr, false));  // our own database wrote it
    }
    look.is_there = !look.items.empty();
    co_return look;
}

Result<void> check_wait(McpCall const& call, Json const& args) {
    auto const until = text_or(args, "until", "");
    if (until == "mail")
        if (auto known = call.need_callsign(); !known) return known;
    if (until == "file" && !args.contains("path"))
        return make_error(ErrorCode::invalid_field, "is needed with until file", "/path");
    if (call.project().empty())
        return make_error(ErrorCode::invalid_field, "nobody says which project this is", "/project");
    return Result<void>();
}

// The pilot is alive while it waits.
asio::awaitable<void> beat(McpCall& call) {
    if (call.callsign().empty()) co_return;
    Json of{{"callsign", call.callsign()}};
    auto ignored = co_await call.operation("pilots.beat", std::move(of));
    (void)ignored;  // an unknown pilot may wait, too
}

asio::awaitable<McpOutcome> wait_here(McpCall& call, Json const& args, Ending& leaving) {
    using namespace asio::experimental::awaitable_operators;
    auto const began = Clock::now();
    auto const deadline = began + std::chrono::seconds(number_or(args, "seconds", seconds_default));
    auto filter = filter_of(call, args);
    auto subscribed = co_await call.state().parts.bus.subscribe(std::move(filter), std::nullopt);
    if (!subscribed) co_return subscribed.error();
    auto const subscriber = *std::move(subscribed);
    bus::Batch news;
    auto alive_until = began;
    for (;;) {
        if (Clock::now() >= alive_until) {
            co_await beat(call);
            alive_until = Clock::now() + sign_of_life;
        }
        auto look = co_await look_for(call, args, news);
        if (!look) co_return look.error();
        bool const is_over = Clock::now() >= deadline || leaving.is_said();
        if (look->is_there || is_over) {
            auto const waited =
                std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began).count();
            co_return Json{{"happened", look->is_there}, {"items", look->items}, {"waited_seconds", waited}};
        }
        auto const until = std::min({deadline, look->again.value_or(deadline), alive_until});
        auto const pause = std::max(std::chrono::duration_cast<Millis>(until - Clock::now()), Millis(10));
        auto first = co_await (subscriber->next(pause) || leaving.wait());
        if (first.index() == 1) continue;
        auto& batch = std::get<0>(first);
        if (!batch) co_return batch.error();
        if (batch->goodbye) co_return make_error(ErrorCode::stopping);
        news = *std::move(batch);
    }
}

}  // namespace

asio::awaitable<McpOutcome> mcp_wait(McpCall& call, Json args) {
    if (auto good = check_wait(call, args); !good) co_return good.error();
    Ending leaving(call.state().parts.loop);
    if (call.leaving()) call.leaving()->listen([&leaving] { leaving.say(); });
    auto outcome = co_await wait_here(call, args, leaving);
    if (call.leaving()) call.leaving()->listen({});
    co_return outcome;
}

}  // namespace fleet::faces
