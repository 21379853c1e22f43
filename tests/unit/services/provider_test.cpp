#include "services/provider.hpp"
#include "services/external.hpp"
#include "services/restart_plan.hpp"

#include "support/catch.hpp"
#include "support/run.hpp"

#include <fstream>

#include <unistd.h>

using namespace fleet;
using namespace fleet::services;

namespace {

Probe probe_that_answers() {
    return [](std::string, Millis) -> asio::awaitable<Result<Answered>> {
        co_return Answered{std::chrono::microseconds{250}, "15.16"};
    };
}

Probe probe_that_fails() {
    return [](std::string, Millis) -> asio::awaitable<Result<Answered>> {
        co_return make_error(ErrorCode::away, "connection refused");
    };
}

}  // namespace

TEST_CASE("a password never shows in a DSN that is shown", "[services][provider]") {
    CHECK(without_password("postgresql://fleet:secret@h:5432/db") == "postgresql://fleet@h:5432/db");
    CHECK(without_password("postgres://h/db?user=a&password=secret&x=1") == "postgres://h/db?user=a&x=1");
    CHECK(without_password("postgres://h/db?password=secret") == "postgres://h/db");
    CHECK(without_password("host=h password=secret dbname=d") == "host=h dbname=d");
    CHECK(without_password("host=h password='a b\\'c' dbname=d") == "host=h dbname=d");
    CHECK(without_password("host=h password=a\\ secret dbname=d") == "host=h dbname=d");
    CHECK(without_password("host=h sslpassword = secret dbname='d'") == "host=h dbname='d'");
    CHECK(without_password("host='pass word' password = 'secret'") == "host='pass word'");
    CHECK(without_password("postgres://u@h/db?sslpassword=secret&pass%77ord=secret&x=1") ==
          "postgres://u@h/db?x=1");
    CHECK(without_password("postgres://u:a:b%40@h,i:5/db") == "postgres://u@h,i:5/db");
    CHECK(without_password("postgres://h:5432/db") == "postgres://h:5432/db");
    CHECK(without_password("postgres:///db?host=/run&user=a") == "postgres:///db?host=/run&user=a");
    // What cannot be read is not repeated.
    CHECK(without_password("host=h password='secret dbname=d").empty());
    CHECK(without_password("secret").empty());
    CHECK(without_password("host=h dbname=d") == "host=h dbname=d");
}

TEST_CASE("a value of a connection string is quoted", "[services][provider]") {
    CHECK(conninfo_value("a'b\\c") == "'a\\'b\\\\c'");
}

TEST_CASE("status says health with a symbol and a word", "[services][provider]") {
    ServerStatus status;
    status.provider = "native";
    status.state = ServerState::running;
    status.port = 54329;
    status.uptime = Millis{61'000};
    status.query = std::chrono::microseconds{250};
    auto const json = status_json(status);
    CHECK(json["symbol"] == "●");
    CHECK(json["health"] == "healthy");
    CHECK(json["state"] == "running");
    CHECK(json["uptime_seconds"] == 61);
    CHECK(json["query_ms"] == 0.25);
    CHECK_FALSE(json.contains("pid"));
    status.state = ServerState::unresponsive;
    CHECK(status_json(status)["symbol"] == "✗");
}

TEST_CASE("an external server is used, and neither stopped nor removed", "[services][external]") {
    asio::io_context loop{1};
    External external(loop.get_executor(), {"host=h password=secret", {}, Millis{1'000}},
                      probe_that_answers());
    std::vector<std::string> said;
    Progress const progress = [&](Step const& step) { said.push_back(step.text); };
    test::must(test::run(loop, external.start(progress)));
    for (auto const& text : said) CHECK(text.find("secret") == std::string::npos);
    test::must(test::run(loop, external.stop({})));
    CHECK(test::code_of(test::run(loop, external.destroy({}))) == "not_configured");
    CHECK(test::code_of(test::run(loop, external.logs({}, {}))) == "not_found");
    CHECK(test::must(external.url()) == "host=h");
    CHECK_FALSE(external.manages());
    auto const status = test::run(loop, external.status(Millis{500}));
    CHECK(status.state == ServerState::running);
    CHECK(status.version == "15.16");
}

TEST_CASE("an external server that does not answer is away, and start says why at its limit",
          "[services][external]") {
    asio::io_context loop{1};
    External external(loop.get_executor(), {"host=h", {}, Millis{10}}, probe_that_fails());
    auto const started = test::run(loop, external.start({}));
    CHECK(test::code_of(started) == "away");
    auto const status = test::run(loop, external.status(Millis{500}));
    CHECK(status.state == ServerState::away);
    CHECK(status.words == "connection refused");
}

TEST_CASE("a DSN file that others can read is refused", "[services][external]") {
    asio::io_context loop{1};
    auto const file = std::filesystem::temp_directory_path() / ("fleet-dsn-" + std::to_string(::getpid()));
    std::ofstream(file) << "host=h password=secret\n";
    std::filesystem::permissions(file,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::group_read);
    External external(loop.get_executor(), {"", file, Millis{10}}, probe_that_answers());
    auto const refused = external.dsn();
    CHECK(test::code_of(refused) == "not_configured");
    CHECK(refused.error().hint.find("chmod 600") != std::string::npos);
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    CHECK(test::must(external.dsn()) == "host=h password=secret");
    std::filesystem::remove(file);
}

TEST_CASE("without a DSN an external server is absent and says what to set", "[services][external]") {
    asio::io_context loop{1};
    External external(loop.get_executor(), {}, probe_that_answers());
    CHECK_FALSE(external.is_made());
    CHECK(test::run(loop, external.status(Millis{500})).state == ServerState::absent);
    CHECK(test::run(loop, external.start({})).error().hint.find("FLEET_DSN") != std::string::npos);
}

TEST_CASE("a server that keeps dying is given up, one that dies now and then is not", "[services][restart]") {
    Time const noon{};
    RestartPlan plan({3, Millis{60'000}, BackoffLimits{Millis{100}, Millis{400}, 2.0, 0.0}});
    CHECK(plan.ended(noon) == Millis{100});
    CHECK(plan.ended(noon) == Millis{200});
    CHECK(plan.ended(noon) == Millis{400});
    CHECK_FALSE(plan.ended(noon + Millis{59'999}));
    // The window has passed: it begins anew.
    CHECK(plan.ended(noon + Millis{60'000}) == Millis{100});
    plan.forget();
    CHECK(plan.ended(noon + Millis{60'001}) == Millis{100});
}
