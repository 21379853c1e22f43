// The database decides about overlaps and the client explains them: both must say the same about any two
// patterns.
#include "support/catch.hpp"
#include "support/database.hpp"

#include <fleet/pattern.hpp>

#include <rapidcheck.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace fleet;
using namespace fleet::test;

namespace {

std::string random_text(rc::Random& random, std::string_view letters, std::size_t longest) {
    std::string text;
    auto const length = 1 + random.next() % longest;
    for (std::size_t i = 0; i < length; ++i) text.push_back(letters[random.next() % letters.size()]);
    return text;
}

// Mostly well-formed; what the client does not accept is drawn again.
Pattern random_pattern(rc::Random& random) {
    while (true) {
        std::string text;
        auto const depth = 1 + random.next() % 6;
        for (std::size_t i = 0; i < depth; ++i) {
            text += (text.empty() ? "" : "/");
            text += random.next() % 4 == 0 ? "**" : random_text(random, "ab.*?", 4);
        }
        if (auto parsed = Pattern::parse(text)) return *parsed;
    }
}

std::string first_of(SqlRows const& rows) {
    return rows.empty() ? std::string{} : rows[0][0].value_or("null") + " and " + rows[0][1].value_or("null");
}

}  // namespace

TEST_CASE("the database and the client agree about every two patterns", "[property][pattern]") {
    Database const database = fresh_database();
    auto connection = database.connect();
    rc::Random random{20260728};
    Json pairs = Json::array();
    std::size_t colliding = 0;
    for (int i = 0; i < 6000; ++i) {
        auto const a = random_pattern(random);
        auto const b = random_pattern(random);
        auto const path = witness(a, b);
        if (path) colliding += 1;
        pairs.push_back({{"a", a.str()}, {"b", b.str()}, {"path", path ? Json(*path) : Json(nullptr)}});
    }
    REQUIRE(colliding > 1000);
    REQUIRE(colliding < 5000);
    auto const given = json_text(pairs);
    constexpr auto from = " from jsonb_to_recordset($1::jsonb) as p(a text, b text, path text) where ";

    CHECK(first_of(connection.rows(std::string{"select a, b"} + from +
                                       "fleet.patterns_overlap(a, b) <> (path is not null) limit 1",
                                   {given})) == "");
    CHECK(first_of(connection.rows(
              std::string{"select a, path"} + from +
                  "path !~ fleet_log.pattern_regex(a) or path !~ fleet_log.pattern_regex(b) limit 1",
              {given})) == "");
    CHECK(first_of(connection.rows(
              std::string{"select a, b"} + from +
                  "fleet_log.pattern_problem(a) is not null or fleet_log.pattern_canonical(a) <> a limit 1",
              {given})) == "");
}

TEST_CASE("the database and the client refuse the same texts, with the same words", "[property][pattern]") {
    Database const database = fresh_database();
    auto connection = database.connect();
    rc::Random random{20260729};
    Json texts = Json::array();
    for (int i = 0; i < 6000; ++i) {
        auto const text = random_text(random, "aa.//**?[!{\\\t", 7);
        auto const parsed = Pattern::parse(text);
        texts.push_back({{"text", text},
                         {"problem", parsed ? Json(nullptr) : Json(parsed.error().message)},
                         {"canonical", parsed ? Json(parsed->str()) : Json(nullptr)}});
    }
    auto const wrong = connection.rows(
        "select p.text, 'the pattern ' || fleet_log.pattern_problem(fleet_log.pattern_canonical(p.text))"
        "  from jsonb_to_recordset($1::jsonb) as p(text text, problem text, canonical text)"
        " where 'the pattern ' || fleet_log.pattern_problem(fleet_log.pattern_canonical(p.text))"
        "       is distinct from p.problem"
        "    or fleet_log.pattern_canonical(p.text) is distinct from coalesce(p.canonical,"
        "       fleet_log.pattern_canonical(p.text)) limit 1",
        {json_text(texts)});
    CHECK(first_of(wrong) == "");
}
