#include "cli/screen/event_line.hpp"
#include "cli/screen/style.hpp"
#include "cli/screen/table.hpp"
#include "cli/screen/words.hpp"
#include "support/catch.hpp"

using namespace fleet;
using namespace fleet::cli;
using fleet::test::must;

namespace {

Event event(std::string type, Json data, std::string stream = "rsv_1") {
    Event out;
    out.seq = 12;
    out.project = "demo";
    out.type = std::move(type);
    out.actor = "viper-1";
    out.stream_id = std::move(stream);
    out.data = std::move(data);
    return out;
}

std::string told(Teller& teller, Event const& one) {
    return teller.sentence(one).text;
}

}  // namespace

TEST_CASE("times are said as people say them", "[unit][cli]") {
    CHECK(span_words(Millis(250)) == "250ms");
    CHECK(span_words(Millis(42'000)) == "42s");
    CHECK(span_words(Millis(720'000)) == "12m");
    CHECK(span_words(Millis(7'200'000)) == "2h");
    CHECK(span_words(Millis(12'000'000)) == "3h 20m");
    CHECK(span_words(Millis(4 * 86'400'000LL)) == "4d");
    Time now{Millis(1'000'000'000'000)};
    CHECK(left_words(now + Millis(720'000), now) == "12m left");
    CHECK(left_words(now - Millis(180'000), now) == "lapsed 3m ago");
    CHECK(ago_words(now, now) == "just now");
    CHECK(size_words(512) == "512 B");
    CHECK(size_words(40 * 1024 * 1024) == "40 MB");
    CHECK(size_words(64LL << 30U) == "64 GB");
}

TEST_CASE("members that are missing say nothing", "[unit][cli]") {
    Time now{};
    CHECK(left_member(Json::object(), "expires_at", now).empty());
    CHECK(ago_member({{"at", "yesterday"}}, "at", now).empty());
    CHECK(list_member({{"a", {"x", "y"}}}, "a") == "x, y");
    CHECK(list_member({{"a", "x"}}, "a") == "x");
    CHECK(list_member({{"a", 1}}, "a").empty());
    CHECK(list_member(nullptr, "a").empty());
}

TEST_CASE("width counts what is seen", "[unit][cli]") {
    Style colours(true);
    CHECK(width_of("abc") == 3);
    CHECK(width_of("äöü…") == 4);
    CHECK(width_of(colours(Ink::red, "abc")) == 3);
    CHECK(cut_to("abcdef", 4) == "abc…");
    CHECK(cut_to("äöüäöü", 4) == "äöü…");
    CHECK(cut_to("abc", 4) == "abc");
    CHECK(width_of(cut_to(colours(Ink::red, "abcdef"), 4)) == 4);
    CHECK(Style(false)(Ink::red, "abc") == "abc");
}

TEST_CASE("text of strangers cannot steer the terminal", "[unit][cli]") {
    CHECK(printable("a\x1b[2Jb") == "a\\x1b[2Jb");
    CHECK(printable("a\nb\tc\x7f") == "a b c\\x7f");
    CHECK(printable("ä…") == "ä…");
}

TEST_CASE("a table aligns, and cuts the last column only", "[unit][cli]") {
    Table table({"ID", "WHY"});
    table.row({"abcdef", "because it is so"});
    table.row({"x", ""});
    CHECK(table.text(Style(false), 0) == "ID      WHY\nabcdef  because it is so\nx\n");
    CHECK(table.text(Style(false), 18) == "ID      WHY\nabcdef  because i…\nx\n");
    CHECK(Table({"A"}).is_empty());
}

TEST_CASE("events are told as sentences, and a release names its files", "[unit][cli]") {
    Teller teller;
    CHECK(told(teller, event("file_reserved", {{"patterns", {"src/**"}},
                                               {"ttl_seconds", 3600},
                                               {"mode", "exclusive"},
                                               {"reason", "new grammar"}})) ==
          "reserved src/** for 1h: new grammar");
    CHECK(told(teller,
               event("file_released", {{"holder", "viper-1"}, {"cause", "explicit"}, {"held_ms", 61'000}})) ==
          "released src/** after 1m 1s");
    CHECK(
        told(teller, event("file_released", {{"holder", "old"}, {"cause", "expired"}}, "rsv_unknown_x7k2pq"))
            .find("of old") != std::string::npos);
    CHECK(told(teller,
               event("file_conflict", {{"patterns", {"a"}},
                                       {"resolution", "refused"},
                                       {"conflicts", {{{"holder", "viper-2"}}, {{"holder", "viper-2"}}}}})) ==
          "was refused a, held by viper-2");
    CHECK(told(teller, event("file_wait_started", {{"patterns", {"a"}}})) == "waits for a");
    CHECK(told(teller, event("file_wait_ended", {{"outcome", "granted"}, {"waited_ms", 2'000}})) ==
          "got the files after 2s");
    CHECK(told(teller, event("file_wait_ended", {{"outcome", "timeout"}, {"waited_ms", 2'000}})) ==
          "stopped waiting after 2s (timeout)");
    CHECK(told(teller, event("file_reservation_forced",
                             {{"by", "boss"}, {"holder", "viper-1"}, {"reason", "gone"}})) ==
          "boss took a from viper-1: gone");
    CHECK(told(teller, event("file_reservation_extended", {{"expires_at", "1970-01-01T00:12:00Z"}})) ==
          "extended a: 12m left");
}

TEST_CASE("pilots, hosts and a user's own events have their sentences", "[unit][cli]") {
    Teller teller;
    CHECK(told(teller,
               event("pilot_registered", {{"callsign", "viper-1"}, {"program", "codex"}, {"model", "m"}})) ==
          "viper-1 reports for duty (codex m)");
    CHECK(told(teller, event("pilot_status_changed", {{"from", "active"}, {"to", "idle"}})) ==
          "is idle (was active)");
    CHECK(told(teller, event("pilot_stale", Json::object())) == "viper-1 gave no sign of life and is stale");
    CHECK(told(teller, event("pilot_deregistered", {{"reason", "completed"}})) == "signed off, completed");
    CHECK(told(teller, event("host_left", {{"reason", "lost"}})) == "host was lost");
    CHECK(told(teller, event("host_left", {{"reason", "shutdown"}})) == "host left");
    CHECK(told(teller, event("host_joined", {{"hostname", "h"}, {"version", "1"}})) ==
          "host h joined (fleetd 1)");
    CHECK(told(teller, event("project_registered", {{"name", "demo"}})) == "project demo is known now");
    CHECK(told(teller, event("x.note", {{"text", "hi"}, {"n", 1}, {"none", nullptr}})) ==
          "x.note n=1 text=hi");
    CHECK(told(teller, event("pilot_capabilities_changed", {{"added", {"cpp"}}})).find("cpp") !=
          std::string::npos);
}

TEST_CASE("a line has time, seq, actor and sentence", "[unit][cli]") {
    Teller teller;
    Time now = must(parse_time("2026-07-28T09:15:00Z"));
    Event one = event("x.note", {{"text", "hi"}});
    one.recorded_at = now;
    auto line = teller.line(one, Style(false), now, true);
    CHECK(line.find("#12") != std::string::npos);
    CHECK(line.find("demo  viper-1") != std::string::npos);
    CHECK(line.ends_with("· x.note text=hi"));
    CHECK(local_clock(now, now).size() == 8);
    CHECK(local_clock(now - Millis(10 * 86'400'000LL), now).size() == 19);
}
