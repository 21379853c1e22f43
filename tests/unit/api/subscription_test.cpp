#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/scripted_websocket.hpp"

#include <fleet/fleet.hpp>

#include <fmt/format.h>

using namespace fleet;
using fleet::test::code_of;
using fleet::test::must;
using fleet::test::run;
using fleet::test::ScriptedWebsocket;
using fleet::test::WebsocketScript;

namespace {

Json event(std::int64_t seq) {
    Event one;
    one.seq = seq;
    one.position = fmt::format("1a2b3c4d.{}", seq);
    one.event_id = new_id("evt");
    one.project = "demo";
    one.type = "x.note";
    one.stream_type = "x";
    one.stream_id = "x:demo";
    one.stream_version = static_cast<std::int32_t>(seq);
    one.actor = "viper-1";
    return event_to_json(one);
}

std::string events(std::vector<std::int64_t> const& seqs) {
    Json list = Json::array();
    for (auto seq : seqs) list.push_back(event(seq));
    return json_text({{"sub", "s1"}, {"events", list}, {"to", fmt::format("1a2b3c4d.{}", seqs.back())}});
}

std::string const subscribed = R"({"id":1,"ok":true,"sub":"s1","head":"1a2b3c4d.3"})";

struct Wire {
    explicit Wire(std::deque<WebsocketScript> scripts, SubscriptionOptions options = {})
        : server(loop, std::move(scripts)),
          client(loop.get_executor(), client_options()),
          subscription(client, quick(options)) {}

    ClientOptions client_options() const {
        ClientOptions options;
        options.endpoint = server.endpoint();
        options.project = "demo";
        options.callsign = "viper-1";
        return options;
    }
    static SubscriptionOptions quick(SubscriptionOptions options) {
        options.pauses = BackoffLimits{Millis(1), Millis(5)};
        if (!options.give_up_after) options.give_up_after = Millis(500);
        return options;
    }
    static asio::awaitable<Result<Event>> next(Subscription& from) {
        co_return co_await from.async_next(asio::use_awaitable);
    }
    std::int64_t next_seq() { return must(run(loop, next(subscription))).seq; }

    asio::io_context loop{1};
    ScriptedWebsocket server;
    Client client;
    Subscription subscription;
};

Json heard(Wire const& wire, std::size_t index) {
    return must(parse_json(wire.server.heard().at(index)));
}

}  // namespace

TEST_CASE("events come in order, and a filter names the client's project", "[unit][api]") {
    Wire wire({{{{subscribed, events({4, 5})}}, false, {}}});
    CHECK(wire.next_seq() == 4);
    CHECK(wire.next_seq() == 5);
    CHECK(wire.subscription.position() == Position{"1a2b3c4d", 5});
    CHECK(wire.subscription.is_connected());
    CHECK(heard(wire, 0).at("filter") == Json{{"project", "demo"}});
    CHECK(heard(wire, 0).at("after") == "now");
    CHECK(wire.server.upgrades() == std::vector<std::string>{"/ws viper-1"});
}

TEST_CASE("after a lost connection it goes on where it was, and no seq comes twice", "[unit][api]") {
    Wire wire({{{{subscribed, events({4, 5})}}, true, {}},
               {{{subscribed, events({5, 6})}}, true, {}},
               {{{R"({"id":1,"ok":true,"sub":"s1","head":"1a2b3c4d.6"})", R"({"sub":"s1","goodbye":true})"}},
                true,
                {}},
               {{{subscribed, events({6, 7, 8})}}, false, {}}});
    std::vector<std::int64_t> seen;
    for (int i = 0; i < 5; ++i) seen.push_back(wire.next_seq());
    CHECK(seen == std::vector<std::int64_t>{4, 5, 6, 7, 8});
    CHECK(heard(wire, 1).at("after") == "1a2b3c4d.5");
    CHECK(heard(wire, 3).at("after") == "1a2b3c4d.6");
}

TEST_CASE("now means the first time: a connection lost before the first event goes on there", "[unit][api]") {
    Wire wire({{{{subscribed}}, true, {}}, {{{subscribed, events({4})}}, false, {}}});
    CHECK(wire.next_seq() == 4);
    CHECK(heard(wire, 1).at("after") == "1a2b3c4d.3");
}

TEST_CASE("what trying again does not mend is told", "[unit][api]") {
    Wire wire({{{{R"({"id":1,"ok":false,"error":{"code":"log_rewound","status":410}})"}}, false, {}}});
    CHECK(code_of(run(wire.loop, Wire::next(wire.subscription))) == "log_rewound");
}

TEST_CASE("it gives up after the time that was given, and says why it waited", "[unit][api]") {
    SubscriptionOptions options;
    options.give_up_after = Millis(40);
    Wire wire({}, options);
    CHECK(code_of(run(wire.loop, Wire::next(wire.subscription))) == "daemon_away");
    CHECK_FALSE(wire.subscription.trouble().empty());
    CHECK_FALSE(wire.subscription.is_connected());
}

TEST_CASE("stopping ends a pending call", "[unit][api]") {
    Wire wire({{{{subscribed}}, false, {}}});
    std::string outcome;
    wire.subscription.async_next([&](Result<Event> result) {
        outcome = code_of(result);
        wire.loop.stop();
    });
    wire.loop.run_for(std::chrono::milliseconds(50));
    CHECK(outcome.empty());
    wire.subscription.stop();
    wire.loop.restart();
    wire.loop.run_for(std::chrono::seconds(2));
    CHECK(outcome == "cancelled");
}

TEST_CASE("a batch is all that is there", "[unit][api]") {
    Wire wire({{{{subscribed, events({4, 5, 6})}}, false, {}}});
    auto batch = [](Subscription& from) -> asio::awaitable<Result<std::vector<Event>>> {
        co_return co_await from.async_next_batch(asio::use_awaitable);
    };
    CHECK(must(run(wire.loop, batch(wire.subscription))).size() == 3);
}

TEST_CASE("only a subscription with a cursor can be acknowledged", "[unit][api]") {
    Wire wire({});
    auto ack = [](Subscription& from) -> asio::awaitable<Result<Cursor>> {
        co_return co_await from.async_ack(4, asio::use_awaitable);
    };
    CHECK(code_of(run(wire.loop, ack(wire.subscription))) == "invalid_field");
}
