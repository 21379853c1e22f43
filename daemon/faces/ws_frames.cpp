#include "faces/ws_frames.hpp"

#include "faces/http_input.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <iterator>

namespace fleet::faces {

namespace {

std::string name_of(std::string op, Json const& args) {
    if (op != "append") return op;
    return args.contains("events") ? "events.append_batch" : "events.append";
}

Result<Frame> frame_of(Json document) {
    Frame frame;
    frame.id = document.value("id", Json());
    if (!frame.id.is_string() && !frame.id.is_number_integer())
        return make_error(ErrorCode::invalid_field, "id must be a string or a whole number", "/id");
    auto op = text_or(document, "op", "");
    if (op.empty()) return make_error(ErrorCode::invalid_field, "op must name an operation", "/op");
    frame.callsign = text_or(document, "as", "");
    frame.idempotency_key = text_or(document, "idempotency_key", "");
    if (document.contains("idempotency_key"))
        if (auto error = check_idempotency_key(frame.idempotency_key)) return std::move(*error);

    if (document.contains("if_match")) {
        if (!document["if_match"].is_number_integer())
            return make_error(ErrorCode::invalid_field, "if_match must be a whole number", "/if_match");
        frame.if_match = document["if_match"].get<std::int64_t>();
    }

    for (auto const* name : {"id", "op", "as", "idempotency_key", "if_match"}) document.erase(name);
    if (!document.contains("args")) {
        frame.args = std::move(document);
        frame.op = name_of(std::move(op), frame.args);
        return frame;
    }
    frame.args = std::move(document["args"]);
    document.erase("args");
    if (!frame.args.is_object())
        return make_error(ErrorCode::invalid_field, "args must be an object", "/args");
    // Beside `args` only what a header would say.
    for (auto& [name, value] : document.items()) {
        if (name != "project" && name != "fence")
            return make_error(ErrorCode::unknown_field, "there is no such member beside args",
                              json_pointer("", name));
        frame.args[name] = std::move(value);
    }
    frame.op = name_of(std::move(op), frame.args);
    return frame;
}

}  // namespace

FrameRead read_frame(std::string_view text) {
    auto document = parse_json(text);
    if (!document) return {.frame = document.error()};
    if (!document->is_object())
        return {.frame = make_error(ErrorCode::invalid_field, "a frame must be an object")};
    Json id = document->value("id", Json());
    return {.id = std::move(id), .frame = frame_of(*std::move(document))};
}

std::string answer_frame(Json const& id, int status, std::string_view result_json) {
    return fmt::format(R"({{"id":{},"ok":true,"status":{},"result":{}}})", json_text(id), status,
                       result_json);
}

std::string subscribed_frame(Json const& id, std::string_view sub, Position const& head) {
    return fmt::format(R"({{"id":{},"ok":true,"sub":"{}","head":"{}"}})", json_text(id), sub,
                       position_text(head));
}

std::string error_frame(Json const& id, Error const& error) {
    return fmt::format(R"({{"id":{},"ok":false,"error":{}}})", json_text(id),
                       json_text(problem_from_error(error)));
}

std::string events_frame(std::string_view sub, bus::Batch const& batch, std::string_view incarnation) {
    std::size_t bytes = 96;
    for (auto const& event : batch.events) bytes += event->json.size() + 1;
    std::string text;
    text.reserve(bytes);
    fmt::format_to(std::back_inserter(text), R"({{"sub":"{}","events":[)", sub);
    for (auto const& event : batch.events) {
        if (text.back() != '[') text += ',';
        text += event->json;
    }
    fmt::format_to(std::back_inserter(text), R"(],"to":"{}.{}"}})", incarnation, batch.to);
    return text;
}

std::string ended_frame(std::string_view sub, Error const& error) {
    return fmt::format(R"({{"sub":"{}","error":{}}})", sub, json_text(problem_from_error(error)));
}

std::string goodbye_frame(std::string_view sub, Position const& last) {
    return fmt::format(R"({{"sub":"{}","goodbye":true,"to":"{}"}})", sub, position_text(last));
}

}  // namespace fleet::faces
