// What is written is read again, for values nobody thought of.
#include <fleet/event.hpp>
#include <fleet/events.hpp>
#include <fleet/id.hpp>
#include <fleet/json.hpp>
#include <fleet/time.hpp>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fleet;

namespace {

// Valid UTF-8 without control characters.
rc::Gen<std::string> word(int longest) {
    auto const piece = rc::gen::elementOf(
        std::vector<std::string>{"a", "Z", "0", " ", "/", "~", "\"", "\\", "ü", "€", "😀", "{", "'"});
    auto const count = rc::gen::inRange(1, longest);
    return rc::gen::mapcat(count, [piece](int n) {
        return rc::gen::map(rc::gen::container<std::vector<std::string>>(static_cast<std::size_t>(n), piece),
                            [](auto const& pieces) {
                                std::string text;
                                for (auto const& one : pieces) text += one;
                                return text;
                            });
    });
}

rc::Gen<Time> instant() {
    // Years 0000 to 9999.
    return rc::gen::map(rc::gen::inRange<std::int64_t>(-62'167'219'200'000, 253'402'300'799'999),
                        [](std::int64_t ms) { return Time{Millis{ms}}; });
}

rc::Gen<Json> json_value(int depth) {
    auto const leaf = rc::gen::oneOf(
        rc::gen::map(word(8), [](std::string const& s) { return Json(s); }),
        rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t n) { return Json(n); }),
        rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return Json(b); }),
        rc::gen::just(Json(nullptr)));
    if (depth == 0) return leaf;
    auto const child = json_value(depth - 1);
    auto const array = rc::gen::map(rc::gen::container<std::vector<Json>>(child),
                                    [](std::vector<Json> const& items) { return Json(items); });
    auto const object =
        rc::gen::map(rc::gen::container<std::map<std::string, Json>>(word(6), child),
                     [](std::map<std::string, Json> const& members) { return Json(members); });
    return rc::gen::oneOf(leaf, array, object);
}

template <class Payload>
void survives(Payload const& payload) {
    auto const text = json_text(payload.to_json());
    auto const back = Payload::from_json(parse_json(text).value());
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == payload);
}

}  // namespace

TEST_CASE("every JSON value survives text", "[property]") {
    rc::prop("parse(print(value)) == value", [] {
        auto const value = *json_value(3);
        RC_ASSERT(parse_json(json_text(value)).value() == value);
    });
}

TEST_CASE("no bytes make the reader do anything but answer", "[property]") {
    rc::prop("any bytes give a value or bad_json", [](std::string const& bytes) {
        auto const parsed = parse_json(bytes);
        RC_ASSERT(parsed.has_value() || parsed.error().code == ErrorCode::bad_json);
        if (parsed) RC_ASSERT(parse_json(json_text(*parsed)).value() == *parsed);
    });
}

TEST_CASE("every instant of four-digit years survives text", "[property]") {
    rc::prop("parse(print(time)) == time", [] {
        auto const time = *instant();
        RC_ASSERT(parse_time(time_text(time)).value() == time);
    });
}

TEST_CASE("every duration survives text", "[property]") {
    rc::prop("parse(print(duration)) == duration", [] {
        Millis const duration{*rc::gen::inRange<std::int64_t>(0, 3'000'000'000'000)};
        RC_ASSERT(parse_duration(duration_text(duration)).value() == duration);
    });
}

TEST_CASE("every id and position survives text, and ids sort as their bytes do", "[property]") {
    rc::prop("parse(print(id)) == id",
             [](std::array<std::uint8_t, 16> const& a, std::array<std::uint8_t, 16> const& b) {
                 RC_ASSERT(parse_type_id(type_id_text("rsv", a)).value().uuid == a);
                 RC_ASSERT((type_id_text("rsv", a) < type_id_text("rsv", b)) == (a < b));
             });
    rc::prop("parse(print(position)) == position", [] {
        Position const position{.incarnation = "00c0ffee",
                                .seq = *rc::gen::inRange<std::int64_t>(0, INT64_MAX)};
        RC_ASSERT(parse_position(position_text(position)).value() == position);
    });
}

TEST_CASE("payloads survive text", "[property]") {
    rc::prop("file_reserved", [] {
        FileReserved reserved{.holder = *word(40),
                              .patterns = *rc::gen::container<std::vector<std::string>>(3, word(20)),
                              .mode = *rc::gen::element<std::string>("exclusive", "shared"),
                              .purpose = *rc::gen::element<std::string>("edit", "read", "review", "delete"),
                              .ttl_seconds = *rc::gen::inRange<std::int64_t>(1, 31'536'000),
                              .expires_at = *instant()};
        if (*rc::gen::arbitrary<bool>()) reserved.reason = *word(40);
        survives(reserved);
    });
    rc::prop("file_conflict", [] {
        FileConflict conflict{.requested_by = *word(20), .patterns = {*word(9)}, .resolution = "refused"};
        auto const count = *rc::gen::inRange(0, 4);
        for (int i = 0; i < count; ++i)
            conflict.conflicts.push_back({.reservation_id = *word(20),
                                          .holder = *word(20),
                                          .pattern = *word(20),
                                          .expires_at = *instant()});
        survives(conflict);
    });
}

TEST_CASE("the envelope survives text", "[property]") {
    rc::prop("event", [] {
        Event event{.seq = *rc::gen::inRange<std::int64_t>(1, INT64_MAX),
                    .position = *word(9),
                    .event_id = *word(9),
                    .project = *word(9),
                    .type = "x.note",
                    .stream_type = *word(9),
                    .stream_id = *word(9),
                    .stream_version = *rc::gen::inRange(1, INT32_MAX),
                    .actor = *word(9),
                    .occurred_at = *instant(),
                    .recorded_at = *instant()};
        event.data = {{*word(9), *json_value(2)}};
        if (*rc::gen::arbitrary<bool>()) event.causation_id = *word(9);
        RC_ASSERT(event_from_json(parse_json(json_text(event_to_json(event))).value()).value() == event);
    });
}
