// Waiting for mail and for work, on the daemon that is asked and on another; and commands of stale pilots.
#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

using Clock = std::chrono::steady_clock;

struct Fleet {
    explicit Fleet(std::map<std::string, std::string> environment = {})
        : one(DaemonOptions{.dsn = database.dsn(), .environment = environment}),
          two(DaemonOptions{.dsn = database.dsn(), .environment = environment}) {
        one.wait_ready();
        two.wait_ready();
        REQUIRE(post(one, "/projects", Json{{"key", "shop"}}, "").status == 201);
        for (auto const* name : {"viper-1", "falcon-1"}) {
            Json const pilot{{"callsign", name}, {"program", "t"}, {"model", "m"}};
            REQUIRE(post(one, "/pilots", pilot, "").status == 201);
        }
    }
    static HttpHeaders as(std::string const& callsign) {
        HttpHeaders headers;
        headers["Fleet-Project"] = "shop";
        if (!callsign.empty()) headers["Fleet-As"] = callsign;
        return headers;
    }
    static HttpAnswer post(DaemonProcess& daemon, std::string const& path, Json const& body,
                           std::string const& callsign) {
        return daemon.call("POST", "/api/v1" + path, body, as(callsign), std::chrono::seconds(40));
    }
    static HttpAnswer inbox(DaemonProcess& daemon, std::string const& callsign, std::string const& query) {
        return daemon.call("GET", "/api/v1/pilots/" + callsign + "/mailbox" + query, nullptr, as(callsign),
                           std::chrono::seconds(40));
    }
    HttpAnswer send(DaemonProcess& daemon, std::string const& to, std::string const& body) {
        return post(daemon, "/messages", Json{{"to", {to}}, {"subject", "s"}, {"body", body}}, "viper-1");
    }

    Database database = fresh_database();
    DaemonProcess one;
    DaemonProcess two;
};

struct Timed {
    HttpAnswer answer;
    Clock::time_point at;
};

std::future<Timed> aside(std::function<HttpAnswer()> work) {
    return std::async(std::launch::async, [work = std::move(work)] {
        auto answer = work();
        return Timed{std::move(answer), Clock::now()};
    });
}

// Until the request stands in the daemon.
void let_it_wait() {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));  // sleep-ok: nothing tells that it waits
}

}  // namespace

TEST_CASE("mail wakes who waits for it, on another host, too", "[integration][wait]") {
    Fleet fleet;
    for (DaemonProcess* const from : {&fleet.one, &fleet.two}) {
        std::vector<double> took;
        for (int i = 0; i < 10; ++i) {
            auto waiting = aside([&] { return Fleet::inbox(fleet.one, "falcon-1", "?wait_seconds=20"); });
            let_it_wait();
            auto const text = "number " + std::to_string(i);
            auto const sent = fleet.send(*from, "falcon-1", text);
            auto const at = Clock::now();
            REQUIRE(sent.status == 201);
            auto const heard = waiting.get();
            REQUIRE(heard.answer.status == 200);
            REQUIRE(heard.answer.json()["items"].size() == 1);
            CHECK(heard.answer.json()["items"][0]["body"] == text);
            CHECK(heard.answer.json()["unread"] == 1);
            took.push_back(std::chrono::duration<double, std::milli>(heard.at - at).count());
            auto const id = sent.json()["message_id"].get<std::string>();
            REQUIRE(Fleet::post(fleet.one, "/messages/" + id + "/read", nullptr, "falcon-1").status == 200);
        }
        std::ranges::sort(took);
        INFO("median " << took[took.size() / 2] << " ms, slowest " << took.back() << " ms");
        CHECK(took[took.size() / 2] < 10.0);
    }
}

TEST_CASE("a mailbox that stays empty is answered at the deadline", "[integration][wait]") {
    Fleet fleet;
    auto const begun = Clock::now();
    auto const answer = Fleet::inbox(fleet.one, "falcon-1", "?wait_seconds=1");
    CHECK(answer.status == 200);
    CHECK(answer.json()["items"].empty());
    CHECK(Clock::now() - begun > std::chrono::milliseconds(950));
    CHECK(Fleet::inbox(fleet.one, "nobody", "?wait_seconds=9").status == 404);
}

TEST_CASE("who waits for other mail is not answered with this one", "[integration][wait]") {
    Fleet fleet;
    auto waiting =
        aside([&] { return Fleet::inbox(fleet.one, "falcon-1", "?wait_seconds=2&importance=urgent"); });
    let_it_wait();
    REQUIRE(fleet.send(fleet.one, "falcon-1", "not so urgent").status == 201);
    auto const heard = waiting.get();
    CHECK(heard.answer.json()["items"].empty());
    CHECK(heard.answer.json()["unread"] == 1);
}

TEST_CASE("work wakes one of those who wait for it, and the others wait on", "[integration][wait]") {
    Fleet fleet;
    auto claim = [&](DaemonProcess& daemon, std::string callsign, int seconds) {
        return aside([&daemon, callsign, seconds] {
            return Fleet::post(daemon, "/sorties/claim", Json{{"wait_seconds", seconds}}, callsign);
        });
    };
    auto first = claim(fleet.one, "viper-1", 10);
    let_it_wait();
    auto second = claim(fleet.two, "falcon-1", 3);
    let_it_wait();
    REQUIRE(Fleet::post(fleet.one, "/sorties", Json{{"title", "one"}}, "").status == 201);
    auto const at = Clock::now();
    std::vector<Timed> heard;
    heard.push_back(first.get());
    heard.push_back(second.get());
    auto const got = std::ranges::count(heard, 200, [](Timed const& one) { return one.answer.status; });
    CHECK(got == 1);
    for (Timed const& one : heard) {
        if (one.answer.status != 200) CHECK(one.answer.code() == "nothing_ready");
        if (one.answer.status == 200) CHECK(one.at - at < std::chrono::milliseconds(500));
    }
    auto third = claim(fleet.two, "falcon-1", 10);
    let_it_wait();
    REQUIRE(Fleet::post(fleet.one, "/sorties", Json{{"title", "two"}}, "").status == 201);
    CHECK(third.get().answer.status == 200);
}

TEST_CASE("an order whose delay ends is claimed by who waits, without an event", "[integration][wait]") {
    Fleet fleet;
    Json const order{{"kind", "k"}, {"delay_seconds", 2}};
    REQUIRE(Fleet::post(fleet.one, "/work-orders", order, "").status == 201);
    auto const begun = Clock::now();
    auto const got =
        Fleet::post(fleet.one, "/work-orders/claim", Json{{"wait_seconds", 20}, {"limit", 3}}, "viper-1");
    REQUIRE(got.status == 200);
    CHECK(got.json()["orders"].size() == 1);
    CHECK(Clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("a claim that waits has one answer for one key", "[integration][wait]") {
    Fleet fleet;
    auto headers = Fleet::as("viper-1");
    headers["Idempotency-Key"] = "claim-1";
    auto claim = [&] {
        return fleet.one.call("POST", "/api/v1/work-orders/claim", Json{{"wait_seconds", 10}}, headers,
                              std::chrono::seconds(20));
    };
    auto waiting = aside(claim);
    let_it_wait();
    REQUIRE(Fleet::post(fleet.one, "/work-orders", Json{{"kind", "k"}}, "").status == 201);
    auto const got = waiting.get().answer;
    REQUIRE(got.json()["orders"].size() == 1);
    auto const again = claim();
    CHECK(again.json() == got.json());
    CHECK(again.headers.at("idempotency-replayed") == "true");
}

TEST_CASE("a daemon that stops lets those go who wait", "[integration][wait]") {
    Fleet fleet;
    auto waiting = aside([&] { return Fleet::inbox(fleet.two, "falcon-1", "?wait_seconds=60"); });
    let_it_wait();
    auto const begun = Clock::now();
    CHECK(fleet.two.terminate() == 0);
    CHECK(waiting.get().answer.status == 503);
    CHECK(Clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("any command of a stale pilot makes it active again", "[integration][wait]") {
    Fleet fleet({{"FLEET_PILOT_LEASE", "5s"}, {"FLEET_SWEEP_PAUSE", "1s"}});
    auto status = [&](std::string const& callsign) {
        return fleet.one.call("GET", "/api/v1/pilots/" + callsign, nullptr, Fleet::as("")).json()["status"];
    };
    for (auto const* name : {"viper-1", "falcon-1"})
        REQUIRE(eventually([&] { return status(name) == "stale"; }, std::chrono::seconds(30)));
    CHECK(Fleet::post(fleet.one, "/reservations", Json{{"patterns", {"a"}}}, "viper-1").status == 201);
    CHECK(eventually([&] { return status("viper-1") == "active"; }));
    CHECK(status("falcon-1") == "stale");
    // What only an active pilot may do waits for that, and is not refused once.
    CHECK(Fleet::post(fleet.two, "/work-orders/claim", Json{{"limit", 1}}, "falcon-1").status == 200);
    CHECK(status("falcon-1") == "active");
}

TEST_CASE("mail that comes while the mailbox is looked at is not waited for again", "[integration][wait]") {
    Fleet fleet;
    constexpr std::size_t letters = 150;
    auto reading = std::async(std::launch::async, [&] {
        std::size_t seen = 0;
        while (seen < letters) {
            auto const mailbox = Fleet::inbox(fleet.two, "falcon-1", "?wait_seconds=30");
            if (mailbox.status != 200) break;
            auto const body = mailbox.json();
            if (body["items"].empty()) break;
            for (Json const& letter : body["items"]) {
                auto const id = letter["message_id"].get<std::string>();
                Fleet::post(fleet.two, "/messages/" + id + "/read", nullptr, "falcon-1");
                seen += 1;
            }
        }
        return seen;
    });
    for (std::size_t i = 0; i < letters; ++i)
        REQUIRE(fleet.send(fleet.one, "falcon-1", "text").status == 201);
    auto const begun = Clock::now();
    CHECK(reading.get() == letters);
    CHECK(Clock::now() - begun < std::chrono::seconds(10));
}
