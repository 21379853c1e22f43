#include "bus/appender.hpp"

#include "support/catch.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/gate.hpp"
#include "support/run.hpp"
#include "support/seed.hpp"

#include <fleet/id.hpp>

#include <set>
#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

store::ActRequest append(std::string note, std::string type = "x.note") {
    store::ActRequest request;
    request.op = "append";
    request.project = "shop";
    request.actor = "viper-1";
    request.args = Json{{"events", {{{"type", std::move(type)}, {"data", {{"note", std::move(note)}}}}}}};
    return request;
}

struct House {
    explicit House(bus::AppenderLimits limits = {}, std::string dsn = {}) {
        auto admin = database.connect();
        seed_project(admin);
        pg::PoolSettings settings;
        settings.threads = 1;
        settings.session.application_name = "fleetd/test/writer";
        settings.session.role = "fleet_daemon";
        address = dsn.empty() ? database.dsn() : dsn;
        auto source = [this]() -> Result<std::string> {
            if (!available) return make_error(ErrorCode::not_running);
            return address;
        };
        pool = std::make_unique<pg::Pool>(loop.get_executor(), source, settings);
        auto committed = [this](std::int64_t seq) { last_committed = seq; };
        appender = std::make_unique<bus::Appender>(loop.get_executor(), *pool, limits, committed);
        asio::co_spawn(loop, appender->run(), [this](std::exception_ptr thrown) {
            ended = true;
            if (thrown) std::rethrow_exception(thrown);
        });
    }
    ~House() {
        test::run(loop, appender->stop(), Millis(20'000));
        pool->stop();
        loop.restart();
        loop.poll();
    }

    Result<store::ActRow> submit(store::ActRequest request, Millis limit = Millis(10'000)) {
        return test::run(loop, appender->submit(std::move(request)), limit);
    }
    // All at once; answers in the order of the requests.
    std::vector<Result<store::ActRow>> submit_all(std::vector<store::ActRequest> requests) {
        std::vector<std::optional<Result<store::ActRow>>> answers(requests.size());
        std::size_t missing = requests.size();
        for (std::size_t i = 0; i < requests.size(); ++i) {
            asio::co_spawn(loop, appender->submit(std::move(requests[i])),
                           [&answers, &missing, i](std::exception_ptr, Result<store::ActRow> answer) {
                               answers[i].emplace(std::move(answer));
                               missing -= 1;
                           });
        }
        REQUIRE(eventually_on(
            loop, [&] { return missing == 0; }, Millis(20'000)));
        std::vector<Result<store::ActRow>> all;
        for (auto& answer : answers) all.push_back(*std::move(answer));
        return all;
    }
    std::int64_t notes(std::string const& note) {
        return database.connect().number("select count(*) from fleet.events where data ->> 'note' = $1",
                                         {note});
    }

    Database database = fresh_database();
    std::string address;
    bool available = true;
    bool ended = false;
    std::int64_t last_committed = 0;
    asio::io_context loop{1};
    std::unique_ptr<pg::Pool> pool;
    std::unique_ptr<bus::Appender> appender;
};

// Breaks the connection once so many bytes have reached the server: it does what it was asked, and its answer
// does not come back. Connections made after that are left alone.
std::jthread cut_once(PostgresGate& gate, std::size_t bytes) {
    auto const before = gate->accepted();
    gate->cut_after(bytes);
    return std::jthread([&gate, before] {
        eventually([&] { return gate->connections() == 0 || gate->accepted() > before; });
        gate->cut_after(std::size_t(1) << 40);
    });
}

}  // namespace

TEST_CASE("a request is answered with its own row, after the commit", "[integration][appender]") {
    House house;
    auto const row = must(house.submit(append("one")));
    REQUIRE(row.ok());
    CHECK(row.seq == house.last_committed);
    CHECK(row.result_json()["events"][0]["seq"] == *row.seq);
    CHECK(house.notes("one") == 1);
}

TEST_CASE("what arrives while a call is in flight goes in the next one", "[integration][appender]") {
    House house;
    std::vector<store::ActRequest> requests;
    for (int i = 0; i < 300; ++i) requests.push_back(append("n" + std::to_string(i)));
    auto const answers = house.submit_all(std::move(requests));
    std::set<std::int64_t> seqs;
    auto admin = house.database.connect();
    for (std::size_t i = 0; i < answers.size(); ++i) {
        REQUIRE(answers[i].has_value());
        REQUIRE(answers[i]->ok());
        seqs.insert(*answers[i]->seq);
        auto const note = admin.text("select data ->> 'note' from fleet.events where seq = $1::text::bigint",
                                     {std::to_string(*answers[i]->seq)});
        CHECK(note == "n" + std::to_string(i));
    }
    CHECK(seqs.size() == 300);
    CHECK(house.appender->health().calls < 20);
}

TEST_CASE("a refusal is the answer of the one it concerns", "[integration][appender]") {
    House house;
    std::vector<store::ActRequest> requests{append("good"), append("bad", "file_reserved"),
                                            append("also good")};
    auto const answers = house.submit_all(std::move(requests));
    CHECK(must(answers[0]).ok());
    CHECK(must(answers[2]).ok());
    auto const refused = must(answers[1]);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.refusal->code == ErrorCode::forbidden);
    CHECK(refused.refusal->field.find("/args/events/0") == 0);
}

TEST_CASE("when a batch raises only the culprit gets the error", "[integration][appender]") {
    House house;
    house.database.connect().run(R"(
        create function public.poison() returns trigger language plpgsql as $$
        begin
            if new.data ->> 'note' = 'poison' then raise exception 'poisoned' using errcode = 'XX001'; end if;
            return new;
        end $$;
        create trigger poison before insert on fleet_log.events for each row execute function public.poison();
        alter table fleet_log.events enable always trigger poison;)");
    std::vector<store::ActRequest> requests;
    for (int i = 0; i < 20; ++i) requests.push_back(append(i == 7 ? "poison" : "fine"));
    auto const answers = house.submit_all(std::move(requests));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        INFO(i);
        if (i == 7)
            CHECK(code_of(answers[i]) == "internal");
        else
            CHECK(must(answers[i]).ok());
    }
    CHECK(house.notes("fine") == 19);
    CHECK(house.notes("poison") == 0);
    CHECK(house.appender->health().single_calls >= 1);
}

TEST_CASE("a commit whose outcome never came back is repeated and done once", "[integration][appender]") {
    Database first = fresh_database();
    PostgresGate gate(first.dsn());
    {
        auto admin = first.connect();
        seed_project(admin);
    }
    House house({}, gate.dsn());
    // Notes of one length make calls of one length.
    must(house.submit(append("warm up")));
    auto const before = gate->bytes_to_target();
    must(house.submit(append("measure")));
    auto const call = gate->bytes_to_target() - before;
    auto const cut = cut_once(gate, call);
    auto const row = must(house.submit(append("doubted")));
    CHECK(row.ok());
    CHECK(house.appender->health().repeated_calls >= 1);
    auto admin = first.connect();
    CHECK(admin.number("select count(*) from fleet.events where data ->> 'note' = 'doubted'") == 1);
    CHECK(row.result_json()["events"][0]["is_new"] == false);
}

TEST_CASE("a batch that was kept from the order lock is repeated as it is", "[integration][appender]") {
    House house;
    must(house.submit(append("warm up")));
    auto admin = house.database.connect();
    admin.run("begin");
    admin.text("select pg_advisory_xact_lock(1179403589, 1)::text");
    std::jthread const let_go([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(2'600));  // sleep-ok: lock_timeout is 2 s
        admin.run("commit");
    });
    auto request = append("patient");
    auto const id = new_id("evt");
    request.args["events"][0]["event_id"] = id;
    auto const row = must(house.submit(std::move(request)));
    REQUIRE(row.ok());
    CHECK(row.result_json()["events"][0]["event_id"] == id);
    CHECK(house.appender->health().repeated_calls >= 1);
    CHECK(house.appender->health().single_calls == 0);
    CHECK(house.notes("patient") == 1);
}

TEST_CASE("a command that is not an append is done once as well when its answer was lost",
          "[integration][appender]") {
    Database first = fresh_database();
    PostgresGate gate(first.dsn());
    {
        auto admin = first.connect();
        seed_project(admin);
    }
    House house({}, gate.dsn());
    auto const pilot = [](std::string callsign) {
        store::ActRequest request;
        request.op = "register_pilot";
        request.project = "shop";
        request.actor = "system";
        request.caller = "uid:0";
        request.args = Json{{"callsign", std::move(callsign)}, {"program", "codex"}, {"model", "m"}};
        return request;
    };
    must(house.submit(pilot("viper-1")));
    auto const before = gate->bytes_to_target();
    must(house.submit(pilot("viper-2")));
    auto const cut = cut_once(gate, gate->bytes_to_target() - before);
    auto const row = must(house.submit(pilot("viper-3")));
    REQUIRE(row.ok());
    CHECK(row.replayed);
    CHECK(first.connect().number("select count(*) from fleet.events where type = 'pilot_registered'") == 3);
}

TEST_CASE("the same key gives the first answer back", "[integration][appender]") {
    House house;
    auto request = append("once");
    request.caller = "uid:7";
    request.key = "k-1";
    request.digest = std::string(64, 'a');
    auto const first = must(house.submit(request));
    auto const second = must(house.submit(request));
    CHECK(second.replayed);
    CHECK(second.result_json() == first.result_json());
    CHECK(house.notes("once") == 1);
}

TEST_CASE("while the database is away requests wait, and then are told", "[integration][appender]") {
    bus::AppenderLimits limits;
    limits.request_limit = Millis(400);
    House house(limits);
    must(house.submit(append("before")));
    auto const there = house.address;
    house.address = "host=/nonexistent dbname=x user=x";
    auto const outcome = house.submit(append("lost"));
    REQUIRE(code_of(outcome) == "away");
    CHECK(outcome.error().retry_after_seconds == 1);
    house.address = there;
    CHECK(must(house.submit(append("after"))).ok());
    CHECK(house.notes("lost") == 0);
}

TEST_CASE("a request waits out an outage that is short enough", "[integration][appender]") {
    House house;
    must(house.submit(append("before")));
    auto const there = house.address;
    house.address = "host=/nonexistent dbname=x user=x";
    asio::steady_timer back(house.loop, Millis(300));
    back.async_wait([&](boost::system::error_code) { house.address = there; });
    CHECK(must(house.submit(append("patient"))).ok());
    CHECK(house.notes("patient") == 1);
}

TEST_CASE("where there is no database at all the answer comes at once", "[integration][appender]") {
    House house;
    house.available = false;
    auto const began = std::chrono::steady_clock::now();
    CHECK(code_of(house.submit(append("x"))) == "not_running");
    CHECK(std::chrono::steady_clock::now() - began < Millis(500));
}

TEST_CASE("a full queue refuses with a time to come back", "[integration][appender]") {
    bus::AppenderLimits limits;
    limits.queue_max = 10;
    House house(limits);
    std::vector<store::ActRequest> requests;
    for (int i = 0; i < 40; ++i) requests.push_back(append("crowd"));
    auto const answers = house.submit_all(std::move(requests));
    auto const refused =
        std::count_if(answers.begin(), answers.end(), [](auto const& one) { return one.has_error(); });
    CHECK(refused > 0);
    CHECK(house.notes("crowd") == 40 - refused);
    for (auto const& one : answers)
        if (one.has_error()) CHECK(one.error().retry_after_seconds == 1);
}

TEST_CASE("a stop answers everything that was accepted, and nothing after it", "[integration][appender]") {
    House house;
    std::size_t answered = 0;
    for (int i = 0; i < 50; ++i)
        asio::co_spawn(house.loop, house.appender->submit(append("last")),
                       [&](std::exception_ptr, Result<store::ActRow> answer) {
                           if (answer.has_value()) answered += 1;
                       });
    house.loop.restart();
    house.loop.run_for(Millis(1));
    test::run(house.loop, house.appender->stop());
    REQUIRE(eventually_on(house.loop, [&] { return house.ended && answered == 50; }));
    CHECK(house.notes("last") == 50);
    CHECK(code_of(house.submit(append("late"))) == "stopping");
}
