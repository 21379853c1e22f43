// The database and the client refuse the same payloads, and point at the same field.
#include "support/catch.hpp"
#include "support/database.hpp"

#include <fleet/events.hpp>
#include <fleet/json.hpp>

#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace fleet;

namespace {

struct Case {
    std::string type;
    std::int32_t version;
    Json data;
};

Json sample(EventType const& type, std::int32_t version) {
    auto const path = std::string(FLEET_SOURCE_DIR) + "/client/catalogue/samples/" + std::string(type.type) +
                      ".v" + std::to_string(version) + ".json";
    std::ifstream file(path);
    INFO("sample " << path);
    REQUIRE(file.good());
    std::stringstream text;
    text << file.rdbuf();
    return parse_json(text.str()).value();
}

// Values of every kind and near every limit.
std::vector<Json> strange_values() {
    return {nullptr,
            true,
            -1,
            0,
            1,
            1.5,
            4'294'967'296,
            9'007'199'254'740'992,
            "",
            "x",
            "Not-A-Callsign",
            "exclusive",
            "2026-01-31T12:00:00.000Z",
            "2026-13-31T12:00:00.000Z",
            "2026-01-31 12:00",
            std::string(63, 'a'),
            std::string(64, 'a'),
            std::string(201, 'a'),
            std::string(10'001, 'a'),
            Json::array(),
            Json::array({"a"}),
            Json::array({"a", ""}),
            Json::array({"a", 1}),
            Json::array({std::string(256, 'p')}),
            Json::array({std::string(257, 'p')}),
            Json(std::vector<std::string>(65, "a")),
            Json::array({Json::object()}),
            Json::array({Json::array()}),
            Json::object(),
            {{"a", 1}}};
}

void add_mutations(std::vector<Case>& cases, EventType const& type, std::int32_t version, Json const& good,
                   Json::json_pointer const& below) {
    auto const& object = good.at(below);
    for (auto const& [name, unused] : object.items()) {
        for (auto const& value : strange_values()) {
            auto changed = good;
            changed[below][name] = value;
            cases.push_back({std::string(type.type), version, std::move(changed)});
        }
        auto without = good;
        without.at(below).erase(name);
        cases.push_back({std::string(type.type), version, std::move(without)});
    }
    auto more = good;
    more.at(below)["no/such~field"] = 1;
    cases.push_back({std::string(type.type), version, std::move(more)});
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (auto const& type : event_types()) {
        for (std::int32_t version = 1; version <= type.schema_version; ++version) {
            auto const good = sample(type, version);
            cases.push_back({std::string(type.type), version, good});
            cases.push_back({std::string(type.type), version, Json::array()});
            cases.push_back({std::string(type.type), type.schema_version + 1, good});
            add_mutations(cases, type, version, good, Json::json_pointer());
            if (type.type == "file_conflict")
                add_mutations(cases, type, version, good, Json::json_pointer("/conflicts/1"));
        }
    }
    for (auto const* name : {"x.note", "x.", "x.Note", "x.-a", "file_resrved", "mission_created"})
        cases.push_back({name, 1, Json::object()});
    cases.push_back({"x.note", 1, Json::array()});
    cases.push_back({"x.note", 1, {{"a", std::string(70'000, 'x')}}});
    return cases;
}

// "code /field" or "fine".
std::string verdict(std::optional<Error> const& problem) {
    return problem ? std::string(text_code(*problem)) + " " + problem->field : "fine";
}

}  // namespace

TEST_CASE("the database and the client judge every payload alike", "[integration][catalogue]") {
    auto const database = test::fresh_database();
    auto postgres = database.connect();
    auto const cases = all_cases();
    Json asked = Json::array();
    for (auto const& one : cases)
        asked.push_back({{"type", one.type}, {"version", one.version}, {"data", one.data}});

    auto const answers = postgres.rows(
        "select coalesce(p ->> 'code' || ' ' || (p ->> 'field'), 'fine'), p ->> 'message'"
        "  from jsonb_array_elements($1::jsonb) with ordinality as a(e, n),"
        "       fleet_log.event_problem(e ->> 'type', (e ->> 'version')::int, e -> 'data') as p order by n",
        {json_text(asked)});

    REQUIRE(answers.size() == cases.size());
    CHECK(cases.size() > 1'500);
    std::size_t fine = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        auto const& one = cases[i];
        auto const ours = verdict(check_event_data(one.type, one.version, one.data));
        if (ours == "fine") ++fine;
        if (ours == *answers[i][0]) continue;
        CAPTURE(one.type, one.version, json_text(one.data).substr(0, 300), answers[i][1].value_or(""));
        CHECK(ours == *answers[i][0]);
    }
    CHECK(fine > 50);
}

TEST_CASE("a sample of every older version becomes a payload of the newest", "[integration][catalogue]") {
    auto const database = test::fresh_database();
    auto postgres = database.connect();
    std::size_t older = 0;
    for (auto const& type : event_types()) {
        for (std::int32_t version = 1; version <= type.schema_version; ++version) {
            CAPTURE(type.type, version);
            auto const now = postgres.json(
                "select fleet_log.upcast($1, $2::int, $3::jsonb)",
                {std::string(type.type), std::to_string(version), json_text(sample(type, version))});
            auto const problem = check_event_data(type.type, type.schema_version, now);
            CHECK(verdict(problem) == "fine");
            if (version == type.schema_version) CHECK(now == sample(type, version));
            if (version < type.schema_version) ++older;
        }
    }
    CHECK(older >= 1);
}

TEST_CASE("the database knows the same types, errors and commands", "[integration][catalogue]") {
    auto const database = test::fresh_database();
    auto postgres = database.connect();
    for (auto const& type : event_types()) {
        auto const row = postgres.rows(
            "select family, stream_type, coalesce(command, ''), is_open::text, schema_version::text"
            "  from fleet_log.event_types where type = $1",
            {std::string(type.type)});
        CAPTURE(type.type);
        REQUIRE(row.size() == 1);
        CHECK(*row[0][0] == type.family);
        CHECK(*row[0][1] == type.stream_type);
        CHECK(*row[0][2] == type.command);
        CHECK(*row[0][3] == (type.open ? "true" : "false"));
        CHECK(*row[0][4] == std::to_string(type.schema_version));
    }
    auto const errors =
        postgres.rows("select code, http_status::text, exit_code::text, sqlstate from fleet_log.errors");
    CHECK(errors.size() == error_code_count);
    for (auto const& row : errors) {
        auto const code = error_code_from(*row[0]);
        CAPTURE(*row[0]);
        REQUIRE(code.has_value());
        CHECK(std::to_string(error_info(*code).http_status) == *row[1]);
        CHECK(std::to_string(error_info(*code).exit_code) == *row[2]);
        CHECK(error_info(*code).sqlstate == row[3].value_or(""));
    }
}
