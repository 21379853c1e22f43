#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

#include <fleet/fleet.hpp>

using namespace fleet;
using fleet::test::Asked;
using fleet::test::code_of;
using fleet::test::eventually_on;
using fleet::test::http_answer;
using fleet::test::must;
using fleet::test::run;
using fleet::test::ScriptedServer;

namespace {

// A daemon that grants, extends and releases until told otherwise.
struct Wire {
    Wire()
        : server(loop, [this](Asked const& asked) { return answer(asked); }),
          client(loop.get_executor(), options()) {}

    std::string answer(Asked const& asked) {
        if (asked.has("/extend ")) {
            extends += 1;
            return extend_answer;
        }
        if (asked.has("/release ")) {
            releases += 1;
            return http_answer(R"({"released":["rsv_1"],"granted":[]})");
        }
        return reserve_answer;
    }
    ClientOptions options() const {
        ClientOptions out;
        out.endpoint = server.endpoint();
        out.timeouts.retry_for = Millis(100);
        return out;
    }
    Result<ReservationLease> acquire(Millis ttl) {
        auto work = [](Client& from, Millis length,
                       OnLost on_lost) -> asio::awaitable<Result<ReservationLease>> {
            ReserveRequest request;
            request.patterns = {"src/**"};
            request.ttl = length;
            co_return co_await ReservationLease::async_acquire(from, std::move(request), std::move(on_lost),
                                                               asio::use_awaitable);
        };
        return run(loop, work(client, ttl,
                              [this](Error const& why) { lost.push_back(std::string(text_code(why))); }));
    }

    asio::io_context loop{1};
    int extends = 0;
    int releases = 0;
    std::vector<std::string> lost{};
    std::string reserve_answer =
        http_answer(R"({"outcome":"granted","reservation_id":"rsv_1","token":12,"patterns":["src/**"]})");
    std::string extend_answer = http_answer(R"({"expires_at":"2030-01-01T00:00:00.000Z"})");
    ScriptedServer server;
    Client client;
};

}  // namespace

TEST_CASE("a lease renews itself and gives the files back when it goes", "[unit][api]") {
    Wire wire;
    {
        auto lease = must(wire.acquire(Millis(600)));
        CHECK(lease.is_held());
        CHECK(lease.fence().token == 12);
        REQUIRE(eventually_on(wire.loop, [&] { return wire.extends >= 2; }));
        CHECK(lease.granted().expires_at.has_value());
    }
    REQUIRE(eventually_on(wire.loop, [&] { return wire.releases == 1; }));
    CHECK(wire.lost.empty());
}

TEST_CASE("a lease that moved is still one lease", "[unit][api]") {
    Wire wire;
    ReservationLease second;
    CHECK_FALSE(second.is_held());
    {
        auto first = must(wire.acquire(Millis(60'000)));
        second = std::move(first);
    }
    CHECK(second.is_held());
    CHECK(wire.releases == 0);
    auto release = [](ReservationLease& lease) -> asio::awaitable<Result<Json>> {
        co_return co_await lease.async_release(asio::use_awaitable);
    };
    must(run(wire.loop, release(second)));
    must(run(wire.loop, release(second)));
    CHECK_FALSE(second.is_held());
    CHECK(wire.releases == 1);
}

TEST_CASE("a lease that was taken away says so once", "[unit][api]") {
    Wire wire;
    wire.extend_answer = http_answer(R"({"code":"stale_token","status":409})", "409 Conflict");
    auto lease = must(wire.acquire(Millis(600)));
    REQUIRE(eventually_on(wire.loop, [&] { return !wire.lost.empty(); }));
    CHECK(wire.lost == std::vector<std::string>{"stale_token"});
    CHECK_FALSE(lease.is_held());
}

TEST_CASE("a daemon that is away is asked again until the lease has run out", "[unit][api]") {
    Wire wire;
    wire.extend_answer = http_answer(R"({"code":"away","status":503})", "503 Service Unavailable");
    auto lease = must(wire.acquire(Millis(900)));
    REQUIRE(eventually_on(wire.loop, [&] { return wire.extends >= 2; }));
    CHECK(lease.is_held());
    REQUIRE(eventually_on(wire.loop, [&] { return !wire.lost.empty(); }));
    CHECK(wire.lost == std::vector<std::string>{"away"});
}

TEST_CASE("what stands in the way of a lease is an error that names it", "[unit][api]") {
    Wire wire;
    for (auto code : {"reservation_held", "wait_ended", "deadlock", "forbidden"}) {
        wire.reserve_answer =
            http_answer(std::string(R"({"code":")") + code + R"(","status":409})", "409 Conflict");
        CHECK(code_of(wire.acquire(Millis(600))) == code);
    }
}
