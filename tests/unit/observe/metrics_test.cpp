#include "observe/metrics.hpp"
#include "observe/health.hpp"

#include "support/catch.hpp"

#include <array>
#include <string>

using namespace fleet;
using namespace fleet::observe;

TEST_CASE("counters and gauges are rendered with help and type, sorted by name", "[observe][metrics]") {
    Metrics metrics;
    metrics.gauge("fleetd_waiting", "Waiting.").set(2.5);
    metrics.counter("fleetd_calls", "Calls.").add(3);
    CHECK(metrics.prometheus_text() ==
          "# HELP fleetd_calls Calls.\n# TYPE fleetd_calls counter\nfleetd_calls 3\n"
          "# HELP fleetd_waiting Waiting.\n# TYPE fleetd_waiting gauge\nfleetd_waiting 2.5\n");
}

TEST_CASE("the same name and labels give the same instrument", "[observe][metrics]") {
    Metrics metrics;
    metrics.counter("requests", "Requests.", {{"method", "GET"}}).add();
    metrics.counter("requests", "Requests.", {{"method", "GET"}}).add();
    metrics.counter("requests", "Requests.", {{"method", "POST"}}).add();
    auto const text = metrics.prometheus_text();
    CHECK(text.find("requests{method=\"GET\"} 2\n") != std::string::npos);
    CHECK(text.find("requests{method=\"POST\"} 1\n") != std::string::npos);
}

TEST_CASE("a histogram counts each observation in every bucket that holds it", "[observe][metrics]") {
    Metrics metrics;
    std::array<double, 2> const bounds{0.1, 1};
    auto& latency = metrics.histogram("latency", "Latency.", bounds, {{"op", "act"}});
    for (double value : {0.05, 0.1, 0.5, 7.0}) latency.observe(value);
    auto const text = metrics.prometheus_text();
    CHECK(text.find("latency_bucket{op=\"act\",le=\"0.1\"} 2\n") != std::string::npos);
    CHECK(text.find("latency_bucket{op=\"act\",le=\"1\"} 3\n") != std::string::npos);
    CHECK(text.find("latency_bucket{op=\"act\",le=\"+Inf\"} 4\n") != std::string::npos);
    CHECK(text.find("latency_count{op=\"act\"} 4\n") != std::string::npos);
    CHECK(text.find("latency_sum{op=\"act\"} 7.65\n") != std::string::npos);
}

TEST_CASE("a sampled gauge is asked when the page is made", "[observe][metrics]") {
    Metrics metrics;
    double head = 1;
    metrics.sampled("head", "Head.", [&] { return head; });
    head = 42;
    CHECK(metrics.prometheus_text().find("head 42\n") != std::string::npos);
}

TEST_CASE("a label's value cannot break the page", "[observe][metrics]") {
    Metrics metrics;
    metrics.counter("x", "X.", {{"why", "a\"b\\c\nd"}}).add();
    CHECK(metrics.prometheus_text().find(R"(x{why="a\"b\\c\nd"} 1)") != std::string::npos);
}

TEST_CASE("a daemon is ready when no part is starting or down", "[observe][health]") {
    Time const at{};
    Health health;
    CHECK(health.is_ready());
    health.set("database", Condition::starting, "starting", at);
    CHECK_FALSE(health.is_ready());
    health.set("database", Condition::ok, "", at + Millis{5});
    health.set("bus", Condition::degraded, "polling", at);
    CHECK(health.is_ready());
    CHECK(health.overall() == Condition::degraded);
    health.set("bus", Condition::down, "away", at + Millis{9});
    CHECK_FALSE(health.is_ready());
    CHECK(health.parts().at("bus").since == at + Millis{9});
    health.forget("bus");
    CHECK(health.is_ready());
}

TEST_CASE("the time of a part's health is when it changed, not when it was said again", "[observe][health]") {
    Time const at{};
    Health health;
    health.set("bus", Condition::ok, "", at);
    health.set("bus", Condition::ok, "still", at + Millis{100});
    CHECK(health.parts().at("bus").since == at);
    CHECK(health.parts().at("bus").words == "still");
    CHECK(condition_word(Condition::down) == "down");
    CHECK(condition_symbol(Condition::ok) == "●");
}
