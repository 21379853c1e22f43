#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

#include <fleet/fleet.hpp>

#include <algorithm>

using namespace fleet;
using fleet::test::Asked;
using fleet::test::code_of;
using fleet::test::eventually_on;
using fleet::test::http_answer;
using fleet::test::must;
using fleet::test::run;
using fleet::test::ScriptedServer;

namespace {

constexpr auto held_sortie =
    R"({"sortie_id":"srt_1","mission_id":"msn_1","title":"parse","status":"assigned","pilot":"viper-1",)"
    R"("token":41,"lease_seconds":900,"lease_until":"2026-01-01T00:15:00.000Z","files":["src/**"],)"
    R"("depends_on":[{"sortie_id":"srt_0","mode":"success","status":"completed","name":"lex",)"
    R"("satisfied":true}],"attempt":1,"max_attempts":2,"progress":0,"stream_version":3})";

// A daemon that answers one text, and keeps what it was asked.
struct Wire {
    Wire()
        : server(loop, [this](Asked const& given) { return heard(given); }),
          client(loop.get_executor(), options()) {}

    std::string heard(Asked const& given) {
        asked.push_back(given);
        return given.has("/beat ") ? http_answer(R"({"until":"2026-01-01T00:15:00.000Z"})") : answer;
    }
    ClientOptions options() const {
        ClientOptions out;
        out.endpoint = server.endpoint();
        out.project = "demo";
        out.callsign = "viper-1";
        out.timeouts.retry_for = Millis(100);
        return out;
    }
    template <class T, class Start>
    Result<T> ask(Start start) {
        Result<T> result = make_error(ErrorCode::internal);
        bool is_done = false;
        start([&](Result<T> given) {
            result = std::move(given);
            is_done = true;
        });
        loop.restart();
        while (!is_done && loop.run_one() > 0) {
        }
        return result;
    }
    bool was_asked(std::string const& words) const {
        return std::ranges::any_of(
            asked, [&](Asked const& one) { return one.has(words) || one.body.find(words) != one.body.npos; });
    }

    asio::io_context loop{1};
    std::vector<Asked> asked{};
    std::string answer{};
    ScriptedServer server;
    Client client;
};

}  // namespace

TEST_CASE("a mission is made of what was said, and read with its counts", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(R"({"mission_id":"msn_1","title":"Ship","status":"pending","progress":25,)"
                              R"("counts":{"total":4,"completed":1,"ready":2},"stream_version":2})");
    MissionRequest request;
    request.title = "Ship";
    request.on_failure = "continue";
    request.complete_by_itself = false;
    auto const mission = must(wire.ask<Mission>(
        [&](auto done) { Work{wire.client}.async_create_mission(request, std::move(done)); }));
    CHECK(mission.counts.total == 4);
    CHECK(mission.counts.ready == 2);
    CHECK(mission.progress == 25);
    CHECK(mission.version == 2);
    CHECK(wire.was_asked("POST /api/v1/missions "));
    CHECK(wire.was_asked(R"("on_failure":"continue")"));
    CHECK(wire.was_asked(R"("complete_by_itself":false)"));
}

TEST_CASE("a version that was read goes along as If-Match", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(R"({"mission_id":"msn_1"})");
    must(wire.ask<Mission>([&](auto done) {
        Work{wire.client}.async_update_mission("msn_1", Json{{"title", "New"}}, 7, std::move(done));
    }));
    CHECK(wire.was_asked("PATCH /api/v1/missions/msn_1 "));
    CHECK(wire.was_asked("If-Match: \"7\""));
}

TEST_CASE("a claim ends with a sortie and its fence, or with the reasons why there is none", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(held_sortie);
    auto claim = [&] {
        ClaimRequest request;
        request.wait = Millis(1'500);
        return wire.ask<ClaimOutcome>(
            [&](auto done) { Work{wire.client}.async_claim_sortie(request, std::move(done)); });
    };
    auto const claimed = std::get<Claimed>(must(claim()));
    CHECK(claimed.fence().kind == "sortie");
    CHECK(claimed.fence().token == 41);
    CHECK(claimed.sortie.depends_on.front().satisfied == true);
    CHECK(wire.was_asked(R"("wait_seconds":2)"));

    wire.answer = http_answer(R"({"code":"nothing_ready","status":409,"detail":"nothing is ready","facts":)"
                              R"({"pending":3,"ready_for_others":1,"running":2}})",
                              "409 Conflict");
    auto const nothing = std::get<NothingReady>(must(claim()));
    CHECK(nothing.pending == 3);
    CHECK(nothing.ready_for_others == 1);

    wire.answer = http_answer(R"({"code":"halted","status":409,"detail":"halted"})", "409 Conflict");
    CHECK(code_of(claim()) == "halted");
}

TEST_CASE("acting on a sortie or an order shows its token", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(held_sortie);
    Fence const sortie{.id = "srt_1", .token = 41, .kind = "sortie"};
    ProgressRequest request;
    request.percent = 40;
    must(wire.ask<Sortie>(
        [&](auto done) { Work{wire.client}.async_progress(sortie, request, std::move(done)); }));
    CHECK(wire.was_asked("Fleet-Fence: sortie/srt_1/41"));
    wire.answer = http_answer(R"({"work_order_id":"wo_1","status":"completed"})");
    Fence const order{.id = "wo_1", .token = 7, .kind = "work_order"};
    must(wire.ask<WorkOrder>(
        [&](auto done) { Orders{wire.client}.async_complete(order, Json{{"ok", true}}, std::move(done)); }));
    CHECK(wire.was_asked("Fleet-Fence: work_order/wo_1/7"));
    CHECK(wire.was_asked(R"("result":{"ok":true})"));
}

TEST_CASE("orders are claimed several at a time, each with its own token", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(R"({"orders":[{"work_order_id":"wo_1","token":3,"kind":"test","attempt":1,)"
                              R"("payload":{"n":1}},{"work_order_id":"wo_2","token":4,"kind":"test"}]})");
    ClaimOrdersRequest request;
    request.limit = 2;
    auto const orders = must(wire.ask<std::vector<ClaimedOrder>>(
        [&](auto done) { Orders{wire.client}.async_claim(request, std::move(done)); }));
    REQUIRE(orders.size() == 2);
    CHECK(orders[0].payload["n"] == 1);
    CHECK(orders[1].fence().token == 4);
    CHECK(orders[1].fence().kind == "work_order");
}

TEST_CASE("a mailbox is read with its counts, and waits as long as it is told", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(R"({"items":[{"message_id":"msg_1","from":"falcon-1","subject":"hello",)"
                              R"("body":"hi","importance":"high","status":"unread"}],"unread":1,)"
                              R"("unacked":0,"next":"n"})");
    InboxRequest request;
    request.callsign = "viper-1";
    request.wait = Millis(30'000);
    auto const inbox = must(
        wire.ask<Inbox>([&](auto done) { Mail{wire.client}.async_inbox(request, std::move(done)); }));
    REQUIRE(inbox.page.items.size() == 1);
    CHECK(inbox.page.items[0].from == "falcon-1");
    CHECK(inbox.page.next == "n");
    CHECK(inbox.unread == 1);
    CHECK(wire.was_asked("GET /api/v1/pilots/viper-1/mailbox?wait_seconds=30"));

    wire.answer =
        http_answer(R"({"message_id":"msg_2","bounced":[{"callsign":"nobody","reason":"unknown"}]})");
    MessageRequest message;
    message.to = {"falcon-1", "nobody"};
    message.body = "text";
    auto const sent =
        must(wire.ask<Message>([&](auto done) { Mail{wire.client}.async_send(message, std::move(done)); }));
    REQUIRE(sent.bounced.size() == 1);
    CHECK(sent.bounced[0].bounce_reason == "unknown");
}

TEST_CASE("a halt names its scope", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(R"({"halt_id":"hlt_1","scope_kind":"pilot","scope_id":"viper-1",)"
                              R"("status":"halted","reason":"stop","by":"root"})");
    auto const halt = must(wire.ask<Halt>([&](auto done) {
        Safety{wire.client}.async_halt({.kind = "pilot", .id = "viper-1"}, "stop", std::move(done));
    }));
    CHECK(halt.scope.id == "viper-1");
    CHECK(halt.status == "halted");
}

TEST_CASE("a sortie that is let go goes back, one that is completed does not", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(held_sortie);
    auto claim = [&] {
        return must(wire.ask<SortieLease>([&](auto done) {
            SortieLease::async_claim(wire.client, ClaimRequest{}, OnLost{}, std::move(done));
        }));
    };
    {
        auto const lease = claim();
        CHECK(lease.is_held());
        CHECK(lease.fence().token == 41);
    }
    CHECK(eventually_on(wire.loop, [&] { return wire.was_asked("/sorties/srt_1/return "); }));
    wire.asked.clear();
    {
        auto lease = claim();
        must(wire.ask<Sortie>([&](auto done) { lease.async_complete(CompleteRequest{}, std::move(done)); }));
        CHECK_FALSE(lease.is_held());
    }
    wire.loop.restart();
    wire.loop.poll();
    CHECK(wire.was_asked("/sorties/srt_1/complete "));
    CHECK_FALSE(wire.was_asked("/sorties/srt_1/return "));
}

TEST_CASE("a sortie that another pilot has now is lost, and says so once", "[unit][api]") {
    Wire wire;
    wire.answer = http_answer(R"({"sortie_id":"srt_1","token":41,"lease_seconds":1})");
    int lost = 0;
    auto lease = must(wire.ask<SortieLease>([&](auto done) {
        auto on_lost = [&](Error const&) { lost += 1; };
        SortieLease::async_claim(wire.client, ClaimRequest{}, on_lost, std::move(done));
    }));
    wire.answer = http_answer(R"({"sortie_id":"srt_1","token":42,"lease_seconds":1})");
    CHECK(eventually_on(wire.loop, [&] { return lost == 1; }));
    CHECK_FALSE(lease.is_held());
    CHECK(wire.was_asked("/pilots/viper-1/beat "));
}
