// What a transcript of Claude Code says of its calls.
#include "operations/transcripts.hpp"

#include "support/catch.hpp"

#include <string>

namespace {

using fleet::ops::usage_in_transcript;

// As Claude Code 2.1.197 writes it, texts cut.
std::string line(std::string const& request, int output, std::string const& model = "claude-sonnet-4-5") {
    return R"({"parentUuid":"d47d","isSidechain":false,"message":{"id":"msg_1","type":"message",)"
           R"("role":"assistant","model":")" +
           model +
           R"(","content":[{"type":"text","text":"…"}],"stop_reason":"end_turn","usage":{"input_tokens":100,)"
           R"("cache_creation_input_tokens":7,"cache_read_input_tokens":4000,"output_tokens":)" +
           std::to_string(output) + R"(,"service_tier":"standard","speed":"standard"}},"requestId":")" +
           request +
           R"(","type":"assistant","uuid":"ef37","timestamp":"2026-11-21T15:14:08.766Z","sessionId":"0578"})";
}

}  // namespace

TEST_CASE("each call of a transcript is told once, by its last line", "[transcripts]") {
    auto const found = usage_in_transcript(line("req_1", 3) + "\n" + line("req_1", 20) + "\n" +
                                           R"({"type":"user","message":{"content":"requestId usage"}})" +
                                           "\n" + line("req_2", 5));
    REQUIRE(found.reports.size() == 2);
    auto const& first = found.reports.front();
    CHECK(first.call_id == "req_1");
    CHECK(first.model == "claude-sonnet-4-5");
    CHECK(first.input_tokens == 100);
    CHECK(first.output_tokens == 20);
    CHECK(first.cache_read_tokens == 4000);
    CHECK(first.cache_write_tokens == 7);
    REQUIRE(first.called_at);
    CHECK(fleet::time_text(*first.called_at) == "2026-11-21T15:14:08.766Z");
    CHECK(first.source == "transcript");
    CHECK(found.reports.back().call_id == "req_2");
}

TEST_CASE("what is no call of a model is passed over", "[transcripts]") {
    CHECK(usage_in_transcript("").reports.empty());
    CHECK(usage_in_transcript("\n\nnonsense\n{\"requestId\":\"usage\"").reports.empty());
    CHECK(usage_in_transcript(line("", 1)).reports.empty());
    CHECK(usage_in_transcript(line("req_1", 1, "<synthetic>")).reports.empty());
    CHECK(usage_in_transcript(line("req_1", -5)).reports.empty());
    CHECK(usage_in_transcript(R"({"type":"assistant","requestId":"req_1","message":{"usage":[1]}})")
              .reports.empty());
}
