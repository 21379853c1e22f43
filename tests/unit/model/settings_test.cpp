#include <fleet/settings.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <string>

using namespace fleet;
using namespace std::chrono_literals;

namespace {

std::string refusal(std::string_view key, std::string_view text) {
    Settings settings;
    auto const done = set_setting(settings, key, text);
    REQUIRE_FALSE(done.has_value());
    CHECK(settings == Settings{});
    return done.error().message;
}

}  // namespace

TEST_CASE("the default of every setting is what the table prints and reads", "[settings]") {
    std::set<std::string_view> names;
    for (auto const& info : setting_infos()) {
        CAPTURE(info.key);
        Settings settings;
        CHECK(find_setting(info.key) == &info);
        if (info.default_text.empty())
            CHECK(setting_text(settings, info.key).empty());
        else
            CHECK(set_setting(settings, info.key, info.default_text).has_value());
        CHECK(settings == Settings{});
        CHECK(names.insert(info.env).second);
        CHECK((info.secret ? info.flag.empty() : info.flag.starts_with("--")));
    }
}

TEST_CASE("settings are read by their type", "[settings]") {
    Settings settings;
    CHECK(set_setting(settings, "pool_readers", "7").has_value());
    CHECK(set_setting(settings, "request_body_bytes_max", "2MiB").has_value());
    CHECK(set_setting(settings, "ring_bytes_max", "100 KiB").has_value());
    CHECK(set_setting(settings, "pilot_lease", "5m").has_value());
    CHECK(set_setting(settings, "poll_healthy", "250ms").has_value());
    CHECK(set_setting(settings, "log_format", "json").has_value());
    CHECK(set_setting(settings, "listen_tcp", "127.0.0.1:7433").has_value());
    CHECK(settings.pool_readers == 7);
    CHECK(settings.request_body_bytes_max == 2 * 1024 * 1024);
    CHECK(settings.ring_bytes_max == 102'400);
    CHECK(settings.pilot_lease == 300s);
    CHECK(settings.poll_healthy == 250ms);
    CHECK(settings.log_format == "json");
    CHECK(setting_text(settings, "poll_healthy") == "250ms");
    CHECK(setting_text(settings, "pilot_lease") == "5m");
    CHECK(setting_text(settings, "pool_readers") == "7");
    CHECK(setting_text(settings, "no_such").empty());
}

TEST_CASE("a value out of range or of another type is refused and changes nothing", "[settings]") {
    CHECK(refusal("pool_readers", "0") == "pool_readers must be a whole number from 1 to 64");
    CHECK(refusal("pool_readers", "many") == "pool_readers must be a whole number from 1 to 64");
    CHECK(refusal("pool_readers", "3k") == "pool_readers must be a whole number from 1 to 64");
    CHECK(refusal("request_body_bytes_max", "1 parsec").find("from 1024 bytes") != std::string::npos);
    CHECK(refusal("request_body_bytes_max", "9999999999GiB").find("from 1024 bytes") != std::string::npos);
    CHECK(refusal("pilot_lease", "1500ms") == "pilot_lease must be a duration from 5s to 86400s");
    CHECK(refusal("poll_healthy", "soon") == "poll_healthy must be a duration from 10ms to 600000ms");
    CHECK(refusal("log_level", "loud") == "log_level must be one of trace, debug, info, warn, error");
    CHECK(refusal("run_as", std::string_view("a\0b", 3)) == "run_as must be text without NUL");
}

TEST_CASE("an unknown key is refused with the one that was meant", "[settings]") {
    CHECK(refusal("pool_reader", "1") == "there is no setting pool_reader; did you mean pool_readers?");
    CHECK(refusal("weather", "1") == "there is no setting weather");
}

TEST_CASE("a secret is never printed", "[settings]") {
    Settings settings;
    CHECK(setting_text(settings, "dsn").empty());
    REQUIRE(set_setting(settings, "dsn", "postgres://me:hidden@db/fleet").has_value());
    CHECK(settings.dsn == "postgres://me:hidden@db/fleet");
    CHECK(setting_text(settings, "dsn") == "set");
}
