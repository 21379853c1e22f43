#include "duties/leader_round.hpp"

#include "observe/log.hpp"

#include <utility>

namespace fleet::duties {
namespace {

store::ActRequest system_request(std::string op, Json args) {
    store::ActRequest request{};
    request.op = std::move(op);
    request.actor = "system";
    request.caller = "system";
    request.args = std::move(args);
    return request;
}

}  // namespace

asio::awaitable<Result<void>> LeaderRound::sweep() {
    Json args{{"duty_epoch", epoch_}};
    auto request = system_request("sweep", std::move(args));
    auto swept = co_await beacon_.act(std::move(request));
    if (!swept) co_return swept.error();
    co_return Result<void>{};
}

asio::awaitable<Result<void>> LeaderRound::watch(Instant now) {
    auto declared = co_await declare_lost_hosts();
    if (!declared) co_return declared.error();
    co_return co_await end_lock_holders(now);
}

asio::awaitable<Result<void>> LeaderRound::declare_lost_hosts() {
    auto late = co_await beacon_.late_hosts();
    if (!late) co_return late.error();
    for (auto const& host : *late) {
        Json args{{"host_id", host}};
        auto request = system_request("declare_host_lost", std::move(args));
        auto declared = co_await beacon_.act(std::move(request));
        if (declared) {
            if (declared->value("lost", false)) {
                log_.warning("declared a host lost: its pilots are stale, their files free", {{"host", host}});
            }
            continue;
        }
        // The rules of host loss may say "not yet"; a lost session ends the round.
        if (declared.error().code == ErrorCode::away) co_return declared.error();
        log_.warning("a late host could not be declared lost", declared.error());
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> LeaderRound::end_lock_holders(Instant now) {
    auto holders = co_await beacon_.order_lock_holders();
    if (!holders) co_return holders.error();
    std::map<std::string, Instant> seen;
    for (auto& holder : *holders) {
        auto const name = holder.pid + " " + holder.began;
        auto const before = seen_holding_.find(name);
        auto const since = before == seen_holding_.end() ? now : before->second;
        seen.emplace(name, since);
        if (now - since < order_lock_limit_) continue;
        auto const pid = holder.pid;
        auto const query = holder.query;
        auto const application = holder.application_name;
        auto ended = co_await beacon_.end_order_lock_holder(std::move(holder));
        if (!ended) co_return ended.error();
        if (*ended == "ended") ended_sessions_ += 1;
        log_.error("a session sat on the order lock and stopped every writer",
                   {{"pid", pid}, {"application", application}, {"query", query}, {"session", *ended}});
    }
    seen_holding_ = std::move(seen);
    co_return Result<void>{};
}

}  // namespace fleet::duties
