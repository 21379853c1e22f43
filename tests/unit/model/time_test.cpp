#include <fleet/time.hpp>

#include <catch2/catch.hpp>

using namespace fleet;
using namespace std::chrono_literals;

TEST_CASE("a time is printed in UTC with milliseconds", "[time]") {
    CHECK(time_text(Time{0ms}) == "1970-01-01T00:00:00.000Z");
    CHECK(time_text(Time{1'785'230'100'125ms}) == "2026-07-28T09:15:00.125Z");
    CHECK(time_text(Time{-1ms}) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("times with offsets and other fractions are read as the same instant", "[time]") {
    Time const wanted{1'785'230'100'100ms};
    for (auto const* text :
         {"2026-07-28T09:15:00.1Z", "2026-07-28T09:15:00.100Z", "2026-07-28t09:15:00.100999999z",
          "2026-07-28 09:15:00.1Z", "2026-07-28T11:15:00.1+02:00", "2026-07-28T03:45:00.1-05:30"}) {
        CAPTURE(text);
        auto const time = parse_time(text);
        REQUIRE(time.has_value());
        CHECK(*time == wanted);
    }
    CHECK(parse_time("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("what is not a time is refused", "[time]") {
    for (auto const* text :
         {"", "2026-07-28", "2026-07-28T09:15:00", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z",
          "2026-13-01T00:00:00Z", "2026-07-28T24:00:00Z", "2026-07-28T09:60:00Z", "2026-07-28T09:15:60Z",
          "2026-07-28T09:15:00.Z", "2026-07-28T09:15:00.1234567890Z", "2026-07-28T09:15:00Zx",
          "2026-07-28T09:15:00+24:00", "2026-07-28T09:15:00+02:60", "+026-07-28T09:15:00Z",
          "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "2026-07-28T09:15:00*02:00"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_time(text).has_value());
    }
}

TEST_CASE("durations are read in seconds or with units", "[time]") {
    CHECK(parse_duration("90s").value() == 90s);
    CHECK(parse_duration("15m").value() == 15min);
    CHECK(parse_duration("15min").value() == 15min);
    CHECK(parse_duration("2h").value() == 2h);
    CHECK(parse_duration("1d").value() == 24h);
    CHECK(parse_duration("250ms").value() == 250ms);
    CHECK(parse_duration("1h30m").value() == 90min);
    CHECK(parse_duration("1.5h").value() == 90min);
    CHECK(parse_duration("90").value() == 90s);
    CHECK(parse_duration("0").value() == 0s);
    CHECK(duration_from_json(Json(2.5)).value() == 2'500ms);
    CHECK(duration_from_json(Json("2h")).value() == 2h);
}

TEST_CASE("what is not a duration is refused", "[time]") {
    for (auto const* text :
         {"", "s", "-5", "5x", "1m1h", "5 s", "1e9", "5s5", "1.2.3s", "nan", "99999999999999h", "1s1s"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text).has_value());
    }
    for (auto const& value : {Json(-1), Json(nullptr), Json(true), Json(1e300), Json::array()}) {
        CAPTURE(value.dump());
        CHECK_FALSE(duration_from_json(value).has_value());
    }
}

TEST_CASE("a duration is printed in the form that is read again", "[time]") {
    for (auto const duration :
         {0ms, 1ms, 250ms, Millis{90s}, Millis{90min}, Millis{49h}, Millis{26h} + 3ms}) {
        CAPTURE(duration_text(duration));
        CHECK(parse_duration(duration_text(duration)).value() == duration);
    }
    CHECK(duration_text(90min) == "1h30m");
}

TEST_CASE("for people a duration has two neighbouring units and is rounded up", "[time]") {
    CHECK(duration_words(0ms) == "0s");
    CHECK(duration_words(1ms) == "1s");
    CHECK(duration_words(Millis{4min} + 12s) == "4m 12s");
    CHECK(duration_words(Millis{2h} + 5min + 59s) == "2h 5m");
    CHECK(duration_words(Millis{24h} + 5min) == "1d");
    CHECK(duration_words(-90s) == "-1m 30s");
}
