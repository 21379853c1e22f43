#include <fleet/event.hpp>
#include <fleet/field.hpp>
#include <fleet/json.hpp>

#include <charconv>
#include <limits>
#include <utility>

namespace fleet {

std::string position_text(Position const& position) {
    return position.incarnation + "." + std::to_string(position.seq);
}

Result<Position> parse_position(std::string_view text) {
    auto const bad = [&] {
        return make_error(ErrorCode::invalid_field,
                          "a position looks like 1a2b3c4d.4711; take it from an event as it is");
    };
    if (text.size() < 10 || text[8] != '.') return bad();
    auto const incarnation = text.substr(0, 8);
    if (incarnation.find_first_not_of("0123456789abcdef") != std::string_view::npos) return bad();
    auto const digits = text.substr(9);
    if (digits.size() > 1 && digits.front() == '0') return bad();
    std::int64_t seq = 0;
    auto const [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), seq);
    if (problem != std::errc{} || end != digits.data() + digits.size() || seq < 0) return bad();
    return Position{.incarnation = std::string(incarnation), .seq = seq};
}

Json event_to_json(Event const& event) {
    Json json = {
        {"seq", event.seq},
        {"position", event.position},
        {"event_id", event.event_id},
        {"project", event.project},
        {"type", event.type},
        {"stream_type", event.stream_type},
        {"stream_id", event.stream_id},
        {"stream_version", event.stream_version},
        {"actor", event.actor},
        {"data", event.data},
        {"metadata", event.metadata},
        {"occurred_at", time_text(event.occurred_at)},
        {"recorded_at", time_text(event.recorded_at)},
        {"schema_version", event.schema_version},
    };
    if (event.causation_id) json["causation_id"] = *event.causation_id;
    if (event.correlation_id) json["correlation_id"] = *event.correlation_id;
    return json;
}

namespace {

// Reads members until one is wrong; `problem` then holds the first.
class Reader {
public:
    explicit Reader(Json const& value) : value_(value) {}

    void text(char const* key, std::string& into) {
        if (auto const* found = member(key, "a string", &Json::is_string)) into = found->get<std::string>();
    }

    void text(char const* key, std::optional<std::string>& into) {
        if (value_.contains(key) && !value_.at(key).is_null()) text(key, into.emplace());
    }

    template <class Integer>
    void number(char const* key, Integer& into) {
        auto const* found = member(key, "an integer", &Json::is_number_integer);
        if (found == nullptr) return;
        auto const wide = found->get<std::int64_t>();
        if (wide < 0 || wide > std::numeric_limits<Integer>::max()) return fail(key, "is out of range");
        into = static_cast<Integer>(wide);
    }

    void object(char const* key, Json& into) {
        if (auto const* found = member(key, "an object", &Json::is_object)) into = *found;
    }

    void time(char const* key, Time& into) {
        std::string written;
        text(key, written);
        if (problem_) return;
        auto const parsed = parse_time(written);
        if (!parsed) return fail(key, parsed.error().message);
        into = *parsed;
    }

    std::optional<Error> problem() && { return std::move(problem_); }

private:
    Json const* member(char const* key, char const* wanted, bool (Json::*is)() const noexcept) {
        if (problem_) return nullptr;
        auto const found = value_.find(key);
        if (found == value_.end())
            fail(key, "is missing");
        else if (!((*found).*is)())
            fail(key, "must be " + std::string(wanted));
        return problem_ ? nullptr : &*found;
    }

    void fail(char const* key, std::string message) {
        if (!problem_)
            problem_ = make_error(ErrorCode::invalid_field, std::move(message), json_pointer("", key));
    }

    Json const& value_;
    std::optional<Error> problem_;
};

}  // namespace

Result<Event> event_from_json(Json const& value) {
    if (!value.is_object()) return make_error(ErrorCode::invalid_field, "an event is an object");
    Event event;
    Reader reader(value);
    reader.number("seq", event.seq);
    reader.text("position", event.position);
    reader.text("event_id", event.event_id);
    reader.text("project", event.project);
    reader.text("type", event.type);
    reader.text("stream_type", event.stream_type);
    reader.text("stream_id", event.stream_id);
    reader.number("stream_version", event.stream_version);
    reader.text("actor", event.actor);
    reader.text("causation_id", event.causation_id);
    reader.text("correlation_id", event.correlation_id);
    reader.object("data", event.data);
    reader.object("metadata", event.metadata);
    reader.time("occurred_at", event.occurred_at);
    reader.time("recorded_at", event.recorded_at);
    reader.number("schema_version", event.schema_version);
    if (auto problem = std::move(reader).problem()) return *std::move(problem);
    return event;
}

}  // namespace fleet
