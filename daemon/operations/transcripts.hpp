// What a session's own transcript says of its calls: usage without telemetry. Internal to this room.
#pragma once

#include "operations/otlp.hpp"
#include "operations/state.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::ops {

// The calls in lines of a transcript of Claude Code: those with an id of the request, each by its last line.
// Pure; lines that are something else are passed over.
UsageReports usage_in_transcript(std::string_view lines);

struct TranscriptPart {
    UsageReports found{};
    std::int64_t end = 0;  // where to read on: behind the last whole line
    bool has_more = false;
};

// A few megabytes of a transcript, from a place on; without one: the last of them, for a session that was
// long before it was looked at first. What is no file, or cannot be read, has nothing.
TranscriptPart transcript_part(std::string const& path, std::optional<std::int64_t> from);

struct TranscriptOf {
    std::string path{};
    std::string client{};
    std::string session_id{};
    std::string project{};
    std::string callsign{};
};

// Reads on where it stopped, on a thread of its own. Lives on the loop thread, as long as `Operations`.
class Transcripts {
public:
    explicit Transcripts(Operations::State& state) : state_(state) {}
    ~Transcripts() { reader_.join(); }
    Transcripts(Transcripts const&) = delete;
    Transcripts& operator=(Transcripts const&) = delete;

    // Records what the transcript has more than before, in the background. A file that cannot be read, and a
    // database that is away, cost nothing but the report: the next call reads it again.
    void follow(TranscriptOf of, Request request);

private:
    asio::awaitable<void> record(TranscriptOf of, Request request);

    Operations::State& state_;
    std::map<std::string, std::int64_t> read_{};  // by path: bytes that were recorded
    asio::thread_pool reader_{1};
};

}  // namespace fleet::ops
