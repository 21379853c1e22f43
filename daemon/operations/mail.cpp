// The mailbox, and waiting for mail.
#include "operations/state.hpp"

#include <fleet/json.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace fleet::ops {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t page_default = 100;
// Mailboxes remembered as being there.
constexpr std::size_t mailboxes_max = 4'096;

// Unread counts and receipts, which stand beside the items of a page: ",\"unread\":3,…".
asio::awaitable<Result<std::string>> counts_of(Operations::State& state, Json filter) {
    std::string const callsign = text_or(filter, "callsign", "");
    auto item = co_await state.parts.reads.show("inbox_counts", std::move(filter));
    if (!item) co_return item.error();
    auto counts = parse_json(item->json);
    if (!counts) co_return counts.error();
    if (!flag_or(*counts, "known", false))
        co_return make_error(ErrorCode::not_found, fmt::format("no pilot {} in this project", callsign),
                             "/callsign");
    for (auto const* name : {"callsign", "project", "known"}) counts->erase(name);
    auto members = json_text(*counts);
    if (members.size() <= 2) co_return std::string();
    co_return "," + members.substr(1, members.size() - 2);
}

struct Looked {
    std::vector<store::Item> items{};
    std::int64_t seq = 0;
    std::optional<std::string> counts{};             // where they were asked for
};

Json owner_of(Request const& request) {
    return Json{{"project", request.project}, {"callsign", text_or(request.args, "callsign", "")}};
}

asio::awaitable<Result<Looked>> look(Operations::State& state, Json filter) {
    Looked looked;
    // What the bus has read was committed before: the read below sees at least as much.
    looked.seq = state.parts.bus.head();
    auto items = co_await state.parts.reads.list("list_inbox", std::move(filter));
    if (!items) co_return items.error();
    looked.items = *std::move(items);
    co_return looked;
}

// The page and the counts, asked for side by side.
asio::awaitable<Result<Looked>> look_and_count(Operations::State& state, Json filter, Json owner) {
    using namespace asio::experimental::awaitable_operators;
    auto page = look(state, std::move(filter));
    auto count = counts_of(state, std::move(owner));
    auto both = co_await (std::move(page) && std::move(count));
    auto& looked = std::get<0>(both);
    auto& counts = std::get<1>(both);
    if (!looked) co_return looked.error();
    if (!counts) co_return counts.error();
    looked->counts = *std::move(counts);
    co_return std::move(looked);
}

// The mailbox as soon as something lies in it, or at the deadline. What comes after the poll began and before
// the look is seen by the look; what comes later wakes the poll.
asio::awaitable<Result<Looked>> look_until(Operations::State& state, Request const& request,
                                           Clock::time_point deadline) {
    auto const callsign = text_or(request.args, "callsign", "");
    Mailbox const mailbox{request.project, callsign};
    Topic topic{request.project, "mail/" + callsign};
    LongPoll poll(state.polls, std::move(topic), request.leaving);
    // Whoever waits again and again finds nothing at first: a mailbox that was there needs no counting then.
    bool counts = !state.mailboxes.contains(mailbox);
    for (;; counts = true) {
        Json filter = request.args;
        Result<Looked> looked = Looked();
        if (counts) looked = co_await look_and_count(state, std::move(filter), owner_of(request));
        else looked = co_await look(state, std::move(filter));
        if (!looked || !looked->items.empty()) co_return looked;
        if (state.mailboxes.size() >= mailboxes_max) state.mailboxes.clear();
        state.mailboxes.insert(mailbox);
        if (poll.is_stopping()) co_return make_error(ErrorCode::stopping);
        if (poll.is_over() || Clock::now() >= deadline) co_return looked;
        if (!request.caller.callsign.empty()) state.beats.touch(request.project, request.caller.callsign);
        auto const until = std::min(deadline, Clock::now() + sign_of_life);
        co_await poll.wait(until);
    }
}

asio::awaitable<Result<Answer>> inbox(Operations::State& state, Request request) {
    Millis const wait = taken_wait(request);
    request.project = text_or(request.args, "project", request.project);
    request.args["project"] = request.project;
    PageShape shape{.limit = number_or(request.args, "limit", page_default)};
    request.args["limit"] = shape.limit + 1;         // one more tells whether there is a next page

    Result<Looked> looked = Looked();
    if (wait > Millis(0)) {
        if (auto error = state.polls.refuse()) co_return std::move(*error);
        auto const deadline = Clock::now() + wait;
        looked = co_await look_until(state, request, deadline);
    } else {
        Json filter = request.args;
        looked = co_await look_and_count(state, std::move(filter), owner_of(request));
    }
    if (!looked) co_return looked.error();
    if (!looked->counts) {
        auto counts = co_await counts_of(state, owner_of(request));
        if (!counts) co_return counts.error();
        looked->counts = *std::move(counts);
    }
    Answer answer;
    answer.seq = looked->seq;
    auto const more = fmt::format(",\"seq\":{}{}", looked->seq, *looked->counts);
    answer.json = page_text(std::move(looked->items), shape, more);
    co_return answer;
}

}  // namespace

void bind_mail(Operations::State& state) {
    state.handlers["messages.inbox"] = [&state](Request request) { return inbox(state, std::move(request)); };
}

}  // namespace fleet::ops
