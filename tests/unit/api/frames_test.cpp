#include "api/frames.hpp"
#include "support/catch.hpp"

#include <fleet/json.hpp>

using namespace fleet;
using fleet::test::code_of;
using fleet::test::must;

namespace {

Json subscribe(SubscriptionOptions const& options, std::optional<Position> resume = {}) {
    return must(parse_json(subscribe_frame(options, resume)));
}

}  // namespace

TEST_CASE("a subscription starts where its options say", "[unit][api]") {
    SubscriptionOptions options;
    CHECK(subscribe(options).at("after") == "now");
    CHECK_FALSE(subscribe(options).contains("filter"));
    options.after = "start";
    CHECK(subscribe(options).at("after") == 0);
    options.after = "1a2b3c4d.17";
    CHECK(subscribe(options).at("after") == "1a2b3c4d.17");
    options.cursor = "ci";
    CHECK(subscribe(options).at("after") == Json{{"cursor", "ci"}});
}

TEST_CASE("what was reached wins over where it began", "[unit][api]") {
    SubscriptionOptions options;
    options.cursor = "ci";
    CHECK(subscribe(options, Position{"1a2b3c4d", 20}).at("after") == "1a2b3c4d.20");
    CHECK(subscribe(options, Position{"", 20}).at("after") == 20);
}

TEST_CASE("a filter names only what was asked for", "[unit][api]") {
    SubscriptionOptions options;
    options.project = "demo";
    options.types = {"file_reserved"};
    options.stream_type = "reservation";
    options.stream_id = "rsv_1";
    Json expected{{"project", "demo"},
                  {"types", {"file_reserved"}},
                  {"stream_type", "reservation"},
                  {"stream_id", "rsv_1"}};
    CHECK(subscribe(options).at("filter") == expected);
}

TEST_CASE("frames tell events, the head, and refusals apart", "[unit][api]") {
    auto head = must(read_frame(R"({"id":1,"ok":true,"sub":"s1","head":"1a2b3c4d.9"})"));
    CHECK_FALSE(head.batch);
    REQUIRE(head.head);
    CHECK(head.head->seq == 9);

    auto quiet = must(read_frame(R"({"sub":"s1","events":[],"to":"1a2b3c4d.12"})"));
    REQUIRE(quiet.batch);
    CHECK(quiet.batch->to == Position{"1a2b3c4d", 12});
    CHECK(must(read_frame(R"({"sub":"s1","events":[],"to":12})")).batch->to.seq == 12);

    CHECK(code_of(read_frame(R"({"sub":"s1","error":{"code":"log_rewound","status":410}})")) ==
          "log_rewound");
    CHECK(code_of(read_frame(R"({"sub":"s1","goodbye":true,"to":"1a2b3c4d.12"})")) == "stopping");
    CHECK(code_of(read_frame("[]")) == "bad_json");
    CHECK(code_of(read_frame("{")) == "bad_json");
    CHECK(code_of(read_frame(R"({"sub":"s1","events":[{"seq":"x"}]})")) == "invalid_field");
    CHECK_FALSE(must(read_frame(R"({"id":7,"ok":true})")).batch);
}
