#include <fleet/events.hpp>
#include <fleet/json.hpp>
#include <fleet/operations.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

using namespace fleet;

namespace {

Json sample(std::string_view type, std::int32_t version) {
    auto const path = std::string(FLEET_SOURCE_DIR) + "/client/catalogue/samples/" + std::string(type) +
                      ".v" + std::to_string(version) + ".json";
    std::ifstream file(path);
    INFO("sample " << path);
    REQUIRE(file.good());
    std::stringstream text;
    text << file.rdbuf();
    return parse_json(text.str()).value();
}

template <class Payload>
void round_trip() {
    auto const stored = sample(Payload::type, Payload::schema_version);
    auto const payload = Payload::from_json(stored);
    INFO("type " << Payload::type << ": " << (payload ? "" : describe(payload.error())));
    REQUIRE(payload.has_value());
    CHECK(payload->to_json() == stored);
    CHECK(Payload::from_json(payload->to_json()).value() == *payload);
    CHECK_FALSE(Payload::from_json(Json::array()).has_value());
}

template <class... Payloads>
void round_trips(std::tuple<Payloads...> const*) {
    (round_trip<Payloads>(), ...);
}

Error problem(std::string_view type, Json const& data, std::int32_t version = 1) {
    auto const found = check_event_data(type, version, data);
    REQUIRE(found.has_value());
    return *found;
}

Json reserved() {
    return sample("file_reserved", 1);
}

}  // namespace

TEST_CASE("the stored sample of every version of every type is accepted", "[catalogue]") {
    for (auto const& type : event_types()) {
        for (std::int32_t version = 1; version <= type.schema_version; ++version) {
            auto const found = check_event_data(type.type, version, sample(type.type, version));
            CAPTURE(type.type, version);
            CHECK((found ? describe(*found) : "") == "");
        }
    }
}

TEST_CASE("every payload is read into its struct and written back unchanged", "[catalogue]") {
    round_trips(static_cast<EventPayloads const*>(nullptr));
    CHECK(std::tuple_size_v<EventPayloads> == event_types().size());
}

TEST_CASE("a payload that leaves out what is optional is written without it", "[catalogue]") {
    PilotRegistered const pilot{.callsign = "viper-1", .program = "codex", .model = "m", .capabilities = {}};
    CHECK(
        pilot.to_json() ==
        Json{{"callsign", "viper-1"}, {"program", "codex"}, {"model", "m"}, {"capabilities", Json::array()}});
    CHECK(PilotRegistered::from_json(pilot.to_json()).value() == pilot);
}

TEST_CASE("an unknown field is refused with a pointer and the name that was meant", "[catalogue]") {
    auto data = reserved();
    data["holdr"] = "viper-1";
    auto const error = problem("file_reserved", data);
    CHECK(error.code == ErrorCode::unknown_field);
    CHECK(error.field == "/data/holdr");
    CHECK(error.message == "there is no field holdr; did you mean holder?");
    data = sample("host_left", 1);
    data["weather/today"] = 1;
    CHECK(problem("host_left", data).field == "/data/weather~1today");
    CHECK(problem("host_left", data).message == "there is no field weather/today; known are reason");
}

TEST_CASE("a nested unknown field is found, too", "[catalogue]") {
    auto data = sample("file_conflict", 1);
    data["conflicts"][1]["patern"] = "x";
    CHECK(problem("file_conflict", data).field == "/data/conflicts/1/patern");
    data = sample("file_conflict", 1);
    data["conflicts"][0].erase("holder");
    CHECK(problem("file_conflict", data).field == "/data/conflicts/0/holder");
    data["conflicts"] = Json::array({1});
    CHECK(problem("file_conflict", data).message == "must be an object");
    data["conflicts"] = 1;
    CHECK(problem("file_conflict", data).message == "must be a list");
}

TEST_CASE("a value that cannot be taken is refused with what would be right", "[catalogue]") {
    struct Case {
        char const* field;
        Json value;
        char const* pointer;
        char const* message;
    };
    std::array const cases{
        Case{"holder", nullptr, "/data/holder", "must be a string"},
        Case{"holder", "", "/data/holder", "must have from 1 to 200 characters"},
        Case{"holder", std::string(201, 'x'), "/data/holder", "must have from 1 to 200 characters"},
        Case{"holder", "a\nb", "/data/holder", "must not have control characters"},
        Case{"mode", "both", "/data/mode", "must be one of exclusive, shared"},
        Case{"ttl_seconds", 0, "/data/ttl_seconds", "must be from 1 to 31536000"},
        Case{"ttl_seconds", 1.5, "/data/ttl_seconds", "must be an integer"},
        Case{"ttl_seconds", "60", "/data/ttl_seconds", "must be an integer"},
        Case{"expires_at", "soon", "/data/expires_at", "must be a time like 2026-01-31T12:00:00.000Z"},
        Case{"expires_at", 5, "/data/expires_at", "must be a time like 2026-01-31T12:00:00.000Z"},
        Case{"patterns", Json::array(), "/data/patterns", "must have from 1 to 64 items"},
        Case{"patterns", {"a", 1}, "/data/patterns/1", "must be a string"},
        Case{"patterns",
             {"a", std::string(257, 'x')},
             "/data/patterns/1",
             "must have from 1 to 256 characters"},
        Case{"patterns", "a", "/data/patterns", "must be a list"},
    };
    for (auto const& wrong : cases) {
        auto data = reserved();
        data[wrong.field] = wrong.value;
        CAPTURE(wrong.field, wrong.value.dump());
        auto const error = problem("file_reserved", data);
        CHECK(error.code == ErrorCode::invalid_field);
        CHECK(error.field == wrong.pointer);
        CHECK(error.message == wrong.message);
    }
    // Characters are counted, not bytes.
    auto data = reserved();
    std::string umlauts;
    for (int i = 0; i < 200; ++i) umlauts += "ü";
    data["holder"] = umlauts;
    CHECK_FALSE(check_event_data("file_reserved", 1, data).has_value());
}

TEST_CASE("types and versions that the catalogue lacks are refused, each in its own words", "[catalogue]") {
    CHECK(problem("file_resrved", {}).message ==
          "there is no event type file_resrved; did you mean file_reserved?");
    CHECK(problem("file_resrved", {}).code == ErrorCode::unknown_event_type);
    CHECK(problem("tech_order_applied", {}).message == "tech_order_applied comes with a later release");
    CHECK(problem("host_left", sample("host_left", 1), 2).field == "/schema_version");
    CHECK(problem("host_left", sample("host_left", 1), 0).field == "/schema_version");
    CHECK(problem("host_joined", sample("host_joined", 1), 2).field == "/data/pid");
    CHECK(find_event_type("nothing") == nullptr);
}

TEST_CASE("events of one's own have a name by the rules and any object up to 64 KiB", "[catalogue]") {
    CHECK_FALSE(check_event_data("x.note", 1, Json{{"any", {1, 2, Json::object()}}}).has_value());
    CHECK_FALSE(check_event_data("x.0a._-b", 9, Json::object()).has_value());
    for (auto const& name : {std::string("x."), std::string("x.A"), std::string("x.-a"), std::string("x.a b"),
                             "x." + std::string(64, 'a')}) {
        CAPTURE(name);
        CHECK(problem(name, Json::object()).field == "/type");
    }
    CHECK(problem("x.note", Json::array()).field == "/data");
    CHECK(problem("x.note", {{"a", std::string(70'000, 'x')}}).code == ErrorCode::too_large);
}

TEST_CASE("only the types marked open lack a command", "[catalogue]") {
    for (auto const& type : event_types()) {
        CAPTURE(type.type);
        CHECK(type.open == type.command.empty());
        CHECK(find_event_type(type.type) == &type);
    }
}

TEST_CASE("an operation's input is checked as the table says", "[operations]") {
    auto const* reserve = find_operation("reservations.reserve");
    REQUIRE(reserve != nullptr);
    CHECK(reserve->act == "reserve");
    CHECK(reserve->kind == OperationKind::write);
    CHECK_FALSE(
        check_input(*reserve, {{"patterns", {"src/**"}}, {"wait_seconds", "30s"}, {"purpose", nullptr}})
            .has_value());
    CHECK(check_input(*reserve, {{"paterns", {"src/**"}}})->message ==
          "there is no field paterns; did you mean patterns?");
    CHECK(check_input(*reserve, Json::object())->field == "/patterns");
    CHECK(check_input(*reserve, {{"patterns", {"a"}}, {"wait_seconds", "2d"}})->message ==
          "must be from 0 to 86400 seconds");
    CHECK(check_input(*reserve, {{"patterns", {"a"}}, {"ttl_seconds", "soon"}})->field == "/ttl_seconds");
    CHECK(check_input(*reserve, {{"patterns", {"a"}}, {"dry_run", 1}})->message == "must be true or false");
    CHECK(check_input(*reserve, {{"patterns", {"a"}}, {"reservation_id", "rsv_1"}})->field ==
          "/reservation_id");
    CHECK(check_input(*reserve, Json::array())->field == "");
    CHECK(check_input(*find_operation("pilots.show"), {{"callsign", "No"}})->field == "/callsign");
    auto const fence = Json{{"kind", "reservation"}, {"id", "rsv_x"}, {"token", 0}};
    Json const release = {{"reservation_id", "x"}, {"fence", fence}};
    CHECK(check_input(*find_operation("reservations.release"), release)->field == "/fence/token");
    CHECK(find_operation("reservations.take") == nullptr);
}

TEST_CASE("text of a query becomes the type that the operation declares", "[operations]") {
    auto const* list = find_operation("events.list");
    CHECK(typed_input(*list, {{"limit", "50"}, {"type", "x.note"}}) ==
          Json{{"limit", 50}, {"type", "x.note"}});
    CHECK(typed_input(*list, {{"limit", "many"}})["limit"] == "many");
    auto const* logs = find_operation("services.logs");
    CHECK(typed_input(*logs, {{"follow", ""}})["follow"] == true);
    CHECK(typed_input(*logs, {{"follow", "false"}})["follow"] == false);
    CHECK(typed_input(*logs, {{"follow", "perhaps"}})["follow"] == "perhaps");
}

TEST_CASE("a filter takes what can be met, one or several, and names what cannot", "[operations]") {
    auto const* list = find_operation("sorties.list");
    auto const problem = [](Operation const* operation, char const* name, char const* text) {
        auto const error = check_input(*operation, Json{{name, text}});
        return error ? error->field + ": " + error->message : std::string();
    };
    CHECK(problem(list, "status", "open").empty());
    CHECK(problem(list, "status", "pending, review,open").empty());
    CHECK(problem(list, "status", "pending,done").starts_with("/status: \"done\" is none of pending, a"));
    CHECK_FALSE(problem(list, "status", "pending,").empty());
    CHECK_FALSE(problem(list, "status", ",").empty());
    CHECK_FALSE(problem(list, "status", "in progress").empty());
    auto const* events = find_operation("events.list");
    CHECK(problem(events, "type", "sortie_created,x.mine").empty());
    CHECK(problem(events, "type", "sortie_craeted") ==
          "/type: there is no event type \"sortie_craeted\"; did you mean sortie_created?");
    CHECK(problem(events, "type", "x.").starts_with("/type: there is no event type"));
    auto const* follow = find_operation("subscribe");
    Json const filter{{"filter", {{"types", {"sortie_created", "sortie_crated"}}}}};
    CHECK(check_input(*follow, filter)->field == "/filter/types/1");
}

TEST_CASE("OpenAPI describes every operation that has a path", "[operations]") {
    auto const document = parse_json(openapi_json()).value();
    CHECK(document["openapi"] == "3.1.0");
    for (auto const& operation : operations()) {
        if (operation.path.empty()) continue;
        std::string method(operation.method);
        for (auto& c : method) c = static_cast<char>(c - 'A' + 'a');
        CAPTURE(operation.name);
        CHECK(document["paths"]["/api/v1" + std::string(operation.path)][method]["operationId"] ==
              operation.name);
    }
}

TEST_CASE("the nearest name is found only when it can be meant", "[field]") {
    constexpr std::array<std::string_view, 3> names{"holder", "patterns", "mode"};
    CHECK(nearest_name("mod", names) == "mode");
    CHECK(nearest_name("pattern", names) == "patterns");
    CHECK(nearest_name("weather", names).empty());
    CHECK(nearest_name(std::string(1'000, 'x'), names).empty());
}
