#include "operations/transcripts.hpp"

#include <fleet/json.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace fleet::ops {

namespace {

constexpr std::int64_t bytes_max = 4 * 1024 * 1024;
constexpr std::size_t remembered_max = 10'000;

std::optional<UsageReport> call_in(std::string_view line) {
    // Most lines are long and of something else.
    if (line.find("\"requestId\"") == line.npos || line.find("\"usage\"") == line.npos) return std::nullopt;
    auto const entry = parse_json(line);
    if (!entry || text_or(*entry, "type", "") != "assistant" || !entry->contains("message"))
        return std::nullopt;
    Json const& message = entry->at("message");
    if (!message.is_object() || !message.contains("usage") || !message.at("usage").is_object())
        return std::nullopt;
    Json const& usage = message.at("usage");
    UsageReport report;
    report.call_id = text_or(*entry, "requestId", "");
    report.model = text_or(message, "model", "");
    report.input_tokens = number_or(usage, "input_tokens", -1);
    report.output_tokens = number_or(usage, "output_tokens", -1);
    report.cache_read_tokens = std::max<std::int64_t>(number_or(usage, "cache_read_input_tokens", 0), 0);
    report.cache_write_tokens = std::max<std::int64_t>(number_or(usage, "cache_creation_input_tokens", 0), 0);
    report.source = "transcript";
    if (auto const at = parse_time(text_or(*entry, "timestamp", ""))) report.called_at = *at;
    bool const is_sound = !report.call_id.empty() && !report.model.empty() && report.model.front() != '<' &&
                          report.input_tokens >= 0 && report.output_tokens >= 0;
    if (!is_sound) return std::nullopt;
    return report;
}

Json transcript_args(UsageReport const& report, TranscriptOf const& of) {
    Json args{{"project", of.project},
              {"pilot", of.callsign},
              {"model", report.model},
              {"input_tokens", report.input_tokens},
              {"output_tokens", report.output_tokens},
              {"cache_read_tokens", report.cache_read_tokens},
              {"cache_write_tokens", report.cache_write_tokens},
              {"call_id", report.call_id},
              {"client", of.client},
              {"session_id", of.session_id},
              {"source", report.source}};
    if (report.called_at) args["called_at"] = time_text(*report.called_at);
    return args;
}

asio::awaitable<TranscriptPart> part_of(std::string path, std::optional<std::int64_t> from) {
    co_return transcript_part(path, from);
}

}  // namespace

UsageReports usage_in_transcript(std::string_view lines) {
    UsageReports found;
    while (!lines.empty()) {
        auto const end = std::min(lines.find('\n'), lines.size());
        auto report = call_in(lines.substr(0, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (!report) continue;
        // A call is written block by block, with counts that grow.
        auto const known = std::ranges::find(found.reports, report->call_id, &UsageReport::call_id);
        if (known == found.reports.end())
            found.reports.push_back(*std::move(report));
        else if (report->output_tokens >= known->output_tokens)
            *known = *std::move(report);
    }
    return found;
}

TranscriptPart transcript_part(std::string const& path, std::optional<std::int64_t> from) {
    TranscriptPart part;
    part.end = from.value_or(0);
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return part;  // a pipe would never answer
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::int64_t const size = file ? static_cast<std::int64_t>(file.tellg()) : 0;
    if (size <= part.end) return part;
    auto const begin = from ? *from : std::max<std::int64_t>(0, size - bytes_max);
    std::string text(static_cast<std::size_t>(std::min(size - begin, bytes_max)), '\0');
    file.seekg(begin);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    auto const last = text.rfind('\n');
    auto const is_full = static_cast<std::int64_t>(text.size()) == bytes_max;
    if (last != std::string::npos) {
        part.end = begin + static_cast<std::int64_t>(last) + 1;
        part.found = usage_in_transcript(std::string_view(text).substr(0, last));
    } else if (is_full) {
        part.end = begin + bytes_max;  // no line of a call is as long: on to its end
    }
    part.has_more = is_full && part.end < size;
    return part;
}

void Transcripts::follow(TranscriptOf of, Request request) {
    if (state_.is_stopping) return;
    // As a revival does, it holds up the end: what was begun is recorded.
    state_.reviving += 1;
    auto work = record(std::move(of), std::move(request));
    asio::co_spawn(state_.parts.loop, std::move(work), [this](std::exception_ptr failure) {
        state_.reviving -= 1;
        state_.changed.cancel();
        if (failure) std::rethrow_exception(failure);
    });
}

asio::awaitable<void> Transcripts::record(TranscriptOf of, Request request) {
    auto const known = read_.find(of.path);
    std::optional<std::int64_t> from;
    if (known != read_.end()) from = known->second;
    for (bool has_more = true; has_more && !state_.is_stopping;) {
        auto work = part_of(of.path, from);
        auto elsewhere = asio::co_spawn(reader_.get_executor(), std::move(work), asio::use_awaitable);
        auto part = co_await std::move(elsewhere);
        for (auto const& report : part.found.reports) {
            Request one;
            one.caller = request.caller;
            one.args = transcript_args(report, of);
            auto row = co_await submit(state_, "record_usage", std::move(one));
            // What was refused is refused again; what met no database is read again.
            if (!row && http_status(row.error()) >= 500) co_return;
        }
        if (read_.size() >= remembered_max) read_.clear();
        read_[of.path] = part.end;
        from = part.end;
        has_more = part.has_more;
    }
}

}  // namespace fleet::ops
