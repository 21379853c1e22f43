#include "api/frames.hpp"

#include <fleet/json.hpp>

namespace fleet {
namespace {

Json start_of(SubscriptionOptions const& options, std::optional<Position> const& resume) {
    if (resume && !resume->incarnation.empty()) return position_text(*resume);
    if (resume) return resume->seq;
    if (!options.cursor.empty()) return Json{{"cursor", options.cursor}};
    if (options.after == "start") return 0;
    return options.after;
}

// A position stands in a frame as its text, or as a bare seq.
Position position_of(Json const& value) {
    if (value.is_number_integer()) return Position{{}, value.get<std::int64_t>()};
    if (!value.is_string()) return Position{};
    auto parsed = parse_position(value.get<std::string>());
    return parsed ? *std::move(parsed) : Position{};
}

Result<FeedBatch> batch_of(Json const& frame) {
    FeedBatch batch;
    if (frame.contains("to")) batch.to = position_of(frame.at("to"));
    for (Json const& one : frame.at("events")) {
        auto event = event_from_json(one);
        if (!event) return event.error();
        batch.events.push_back(*std::move(event));
    }
    return batch;
}

}  // namespace

std::string subscribe_frame(SubscriptionOptions const& options, std::optional<Position> const& resume) {
    Json filter = Json::object();
    if (!options.project.empty()) filter["project"] = options.project;
    if (!options.types.empty()) filter["types"] = options.types;
    if (!options.stream_type.empty()) filter["stream_type"] = options.stream_type;
    if (!options.stream_id.empty()) filter["stream_id"] = options.stream_id;
    Json frame{{"id", 1}, {"op", "subscribe"}, {"after", start_of(options, resume)}};
    if (!filter.empty()) frame["filter"] = std::move(filter);
    return json_text(frame);
}

Result<Heard> read_frame(std::string_view text) {
    auto frame = parse_json(text);
    if (!frame) return frame.error();
    if (!frame->is_object()) return make_error(ErrorCode::bad_json, "a frame is not an object");
    if (frame->contains("error")) return error_from_problem(frame->at("error"));
    if (flag_or(*frame, "goodbye", false)) return make_error(ErrorCode::stopping);
    Heard heard;
    bool has_events = frame->contains("events") && frame->at("events").is_array();
    if (frame->contains("sub") && has_events) {
        auto batch = batch_of(*frame);
        if (!batch) return batch.error();
        heard.batch = *std::move(batch);
        return heard;
    }
    if (frame->contains("head")) heard.head = position_of(frame->at("head"));
    return heard;
}

}  // namespace fleet
