// From where a subscriber reads, and the server-sent events that come of it.
#include "faces/state.hpp"

#include "auth/bounds.hpp"

#include <fleet/json.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace fleet::faces {

namespace {

std::optional<std::int64_t> bare_seq(std::string_view text) {
    std::int64_t seq = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seq);
    if (failed != std::errc() || end != text.data() + text.size() || seq < 0) return std::nullopt;
    return seq;
}

// Nothing: from now on. A bare seq is taken for the log as it is.
Result<std::optional<Position>> position_of(bus::Bus const& bus, Json const& after) {
    if (after.is_null() || after == "now") return std::optional<Position>();
    if (after.is_number_integer())
        return std::optional(bus.position(std::max<std::int64_t>(after.get<std::int64_t>(), 0)));
    if (!after.is_string())
        return make_error(ErrorCode::invalid_field, R"(must be a position, "now", or {"cursor": name})",
                          "/after");
    auto const text = after.get<std::string>();
    if (auto const seq = bare_seq(text)) return std::optional(bus.position(*seq));
    auto position = parse_position(text);
    if (!position) {
        Error error = std::move(position).error();
        error.field = "/after";
        return error;
    }
    return std::optional(*std::move(position));
}

std::vector<std::string> words_of(std::string_view list) {
    std::vector<std::string> words;
    while (!list.empty()) {
        auto const end = std::min(list.find(','), list.size());
        auto word = list.substr(0, end);
        while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
        while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
        if (!word.empty()) words.emplace_back(word);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return words;
}

std::string sse_events(bus::Batch const& batch, std::string_view incarnation) {
    std::size_t bytes = 0;
    for (auto const& event : batch.events) bytes += event->json.size() + 48;
    std::string text;
    text.reserve(bytes);
    for (auto const& event : batch.events)
        fmt::format_to(std::back_inserter(text), "id: {}.{}\ndata: {}\n\n", incarnation, event->seq,
                       event->json);
    return text;
}

std::string sse_last(std::string_view name, std::string_view position, Json const& data) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", position, name, json_text(data));
}

asio::awaitable<void> write_events(Face::State& state, std::shared_ptr<bus::Subscriber> subscriber,
                                   net::StreamWriter& writer) {
    using namespace asio::experimental::awaitable_operators;
    auto ending = std::make_shared<Ending>(state.parts.loop);
    writer.on_end([ending] { ending->say(); });
    std::string hello = ": the events follow\n\n";
    bool is_open = co_await writer.write(std::move(hello));
    while (is_open && !ending->is_said()) {
        auto first = co_await (subscriber->next(state.parts.options.keep_alive_comment) || ending->wait());
        if (first.index() == 1) break;
        auto const& batch = std::get<0>(first);
        if (!batch) {
            auto last = sse_last("error", position_text(state.parts.bus.position(subscriber->cursor())),
                                 problem_from_error(batch.error()));
            is_open = co_await writer.write_last(std::move(last));
            co_return;
        }
        if (batch->goodbye) break;
        // An id without data moves the client's Last-Event-ID past what did not match.
        std::string text = batch->events.empty() ? fmt::format(": nothing new\nid: {}.{}\n\n",
                                                               state.parts.bus.incarnation(), batch->to)
                                                 : sse_events(*batch, state.parts.bus.incarnation());
        is_open = co_await writer.write(std::move(text));
    }
    if (!writer.is_stopping()) co_return;
    auto const last_seq = position_text(state.parts.bus.position(subscriber->cursor()));
    auto last = sse_last("goodbye", last_seq, Json{{"to", last_seq}});
    bool const sent = co_await writer.write_last(std::move(last));
    (void)sent;
}

}  // namespace

asio::awaitable<Result<std::shared_ptr<bus::Subscriber>>> subscribe(Face::State& state, Start start) {
    auto& bus = state.parts.bus;
    std::optional<Position> from;
    if (start.after.is_object()) {
        auto const cursor = text_or(start.after, "cursor", "");
        if (cursor.empty() || start.after.size() != 1)
            co_return make_error(ErrorCode::invalid_field, R"(must be {"cursor": name})", "/after");
        bus::CursorName name{.project = std::move(start.project), .consumer = cursor};
        auto found = co_await state.parts.cursors.find(std::move(name));
        if (!found) co_return found.error();
        // A consumer that never acknowledged begins at the beginning: at least once is what it was promised.
        from = found->value_or(bus.position(0));
    } else {
        auto position = position_of(bus, start.after);
        if (!position) co_return position.error();
        from = *std::move(position);
    }
    co_return co_await bus.subscribe(std::move(start.filter), std::move(from));
}

asio::awaitable<net::HttpResponse> event_stream(Face::State& state, Json args,
                                                net::HttpRequest const& request, auth::Identity caller,
                                                std::string project) {
    if (auto error = ops::check_role(*find_operation("events.stream"), caller))
        co_return refusal(std::move(*error));
    Start start;
    start.project = text_or(args, "project", project);
    if (auto error = auth::keep_to_project(caller, start.project)) co_return refusal(std::move(*error));
    start.filter.project = start.project;
    start.filter.types = words_of(text_or(args, "type", ""));
    start.filter.stream_type = text_or(args, "stream_type", "");
    start.filter.stream_id = text_or(args, "stream_id", "");
    // What the client has seen counts more than where it once began.
    auto const seen = request.headers.get("Last-Event-ID").value_or("");
    if (!seen.empty()) start.after = std::string(seen);
    else if (args.contains("cursor")) start.after = Json{{"cursor", args["cursor"]}};
    else if (args.contains("after")) start.after = args["after"];
    auto subscriber = co_await subscribe(state, std::move(start));
    if (!subscriber) co_return refusal(std::move(subscriber).error());

    net::HttpResponse response;
    response.content_type = "text/event-stream";
    response.headers.set("Cache-Control", "no-store");
    response.stream = [&state, held = *std::move(subscriber)](net::StreamWriter& writer) {
        return write_events(state, held, writer);
    };
    co_return response;
}

}  // namespace fleet::faces
