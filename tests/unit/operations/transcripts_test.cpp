// What a transcript of Claude Code says of its calls.
#include "operations/transcripts.hpp"

#include "support/catch.hpp"

#include <sys/stat.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

using fleet::ops::transcript_part;
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

TEST_CASE("a turn that wrote more than one look reads is read to its end", "[transcripts]") {
    std::string name = (std::filesystem::temp_directory_path() / "fleet-transcript-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    auto const path = name + "/session.jsonl";
    auto const add = [&](std::string const& text) { std::ofstream(path, std::ios::app) << text; };
    std::string const picture = R"({"type":"user","data":")" + std::string(5'000'000, 'A') + "\"}\n";
    add(line("req_0", 1) + "\n" + picture);
    // At first its end is enough; what comes later is read whole.
    auto const first = transcript_part(path, std::nullopt);
    CHECK(first.found.reports.empty());
    CHECK_FALSE(first.has_more);
    add(line("req_1", 1) + "\n" + picture + line("req_2", 2) + "\n" + picture + line("req_3", 3) +
        "\n{\"half\":");
    std::vector<std::string> calls;
    auto part = first;
    do {
        part = transcript_part(path, part.end);
        for (auto const& report : part.found.reports) calls.push_back(report.call_id);
    } while (part.has_more);
    CHECK(calls == std::vector<std::string>{"req_1", "req_2", "req_3"});
    CHECK(part.end == static_cast<std::int64_t>(std::filesystem::file_size(path)) - 8);
    CHECK_FALSE(transcript_part(path, part.end).has_more);
    REQUIRE(::mkfifo((name + "/pipe").c_str(), 0600) == 0);
    CHECK(transcript_part(name + "/pipe", std::nullopt).found.reports.empty());
    CHECK(transcript_part(name, std::nullopt).end == 0);
    std::filesystem::remove_all(name);
}
