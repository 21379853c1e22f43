#include "transport/ws_channel.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/scripted_websocket.hpp"

using namespace fleet;
using namespace fleet::transport;
using fleet::test::code_of;
using fleet::test::must;
using fleet::test::run;
using fleet::test::ScriptedWebsocket;
using fleet::test::WebsocketScript;

namespace {

struct Wire {
    explicit Wire(WebsocketScript script)
        : server(loop, {std::move(script)}),
          channel(loop.get_executor(), must(parse_endpoint(server.endpoint()))) {}

    Result<void> open() {
        std::vector<Header> headers{{"Fleet-As", "viper-1"}};
        return run(loop, channel.open("/ws", headers, Millis(2'000)));
    }

    asio::io_context loop{1};
    ScriptedWebsocket server;
    WsChannel channel;
};

}  // namespace

TEST_CASE("a channel carries messages both ways and says who asks", "[unit][transport]") {
    Wire wire({{{"one", "two"}}, false, {}});
    must(wire.open());
    must(run(wire.loop, wire.channel.write("hello")));
    CHECK(must(run(wire.loop, wire.channel.read())) == "one");
    CHECK(must(run(wire.loop, wire.channel.read())) == "two");
    CHECK(wire.server.heard() == std::vector<std::string>{"hello"});
    CHECK(wire.server.upgrades() == std::vector<std::string>{"/ws viper-1"});
    run(wire.loop, wire.channel.close(Millis(500)));
    CHECK(code_of(run(wire.loop, wire.channel.read())) != "ok");
}

TEST_CASE("a daemon that hangs up is away", "[unit][transport]") {
    Wire wire({{{}}, true, {}});
    must(wire.open());
    must(run(wire.loop, wire.channel.write("hello")));
    CHECK(code_of(run(wire.loop, wire.channel.read())) == "daemon_away");
    CHECK(code_of(run(wire.loop, wire.channel.write("more"))) != "ok");
}

TEST_CASE("a refused upgrade gives the daemon's problem", "[unit][transport]") {
    Wire wire(
        {{}, false, R"({"code":"unauthenticated","detail":"who is asking is not known","status":401})"});
    CHECK(code_of(wire.open()) == "unauthenticated");
    Wire odd({{}, false, "<html>"});
    CHECK(code_of(odd.open()) == "daemon_away");
}

TEST_CASE("nobody listening is away for a channel, too", "[unit][transport]") {
    asio::io_context loop{1};
    WsChannel channel{loop.get_executor(), must(parse_endpoint("/nonexistent.sock"))};
    std::vector<Header> none;
    CHECK(code_of(run(loop, channel.open("/ws", none, Millis(500)))) == "daemon_away");
}
