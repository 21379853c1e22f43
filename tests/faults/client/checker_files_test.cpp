#include "fault/checker_files.hpp"
#include "fault/workload.hpp"

#include <fleet/pattern.hpp>

#include <catch2/catch.hpp>

namespace fleet::fault {
namespace {

Hold hold(std::string pilot, std::int64_t token, std::string pattern, std::int64_t from, std::int64_t to) {
    return {.pilot = std::move(pilot),
            .token = token,
            .patterns = {std::move(pattern)},
            .shared = false,
            .granted_at = from,
            .surely_held = {{.from = from, .to = to}},
            .accepted = {},
            .released_at = 0};
}

LoggedReservation reserved(std::int64_t seq, std::string holder, std::string pattern) {
    return {.seq = seq,
            .type = "file_reserved",
            .reservation_id = "rsv_" + holder,
            .holder = holder,
            .patterns = {std::move(pattern)},
            .shared = false,
            .cause = {},
            .recorded_at = seq};
}

LoggedReservation released(std::int64_t seq, std::string const& holder, std::string cause) {
    return {.seq = seq,
            .type = "file_released",
            .reservation_id = "rsv_" + holder,
            .holder = holder,
            .patterns = {},
            .shared = false,
            .cause = std::move(cause),
            .recorded_at = seq};
}

TEST_CASE("a pattern matches by segments", "[unit][checker]") {
    CHECK(matches("src/**", "src/a/one.cpp"));
    CHECK(matches("src/**", "src"));
    CHECK_FALSE(matches("src/**", "src2/a"));
    CHECK(matches("**/one.cpp", "one.cpp"));
    CHECK(matches("tests/**/x.py", "tests/x.py"));
    CHECK_FALSE(matches("src/*.cpp", "src/a/one.cpp"));
    CHECK(matches("docs/a/?.md", "docs/a/x.md"));
}

TEST_CASE("the workload's paths tell apart which of its patterns overlap", "[unit][checker]") {
    for (auto const a : workload_patterns) {
        for (auto const b : workload_patterns) {
            INFO(a << " and " << b);
            CHECK(any_path_in_common({std::string{a}}, {std::string{b}}) ==
                  overlaps(Pattern::parse(a).value(), Pattern::parse(b).value()));
        }
    }
}

TEST_CASE("holds one after another are in order", "[unit][checker]") {
    FilesEvidence run{
        .log = {reserved(1, "ann", "src/**"), released(2, "ann", "explicit"), reserved(3, "bob", "src/a/**")},
        .holds = {hold("ann", 1, "src/**", 10, 20), hold("bob", 3, "src/a/**", 21, 30)}};
    run.holds[0].accepted = {15, 20};
    CHECK(check_files(run).text().empty());
}

TEST_CASE("a reservation that is made while another is active in the log is found", "[unit][checker]") {
    FilesEvidence run{.log = {reserved(1, "ann", "src/**"), reserved(3, "bob", "src/a/**")}, .holds = {}};
    CHECK(check_files(run).faults_count == 1);
    run.log[1].patterns = {"docs/**"};
    CHECK(check_files(run).clean());
}

TEST_CASE("two pilots that hold the same file at the same time are found", "[unit][checker]") {
    FilesEvidence run{.log = {},
                      .holds = {hold("ann", 1, "src/**", 10, 20), hold("bob", 3, "src/a/**", 15, 30)}};
    CHECK(check_files(run).faults_count == 1);
    run.holds[0].shared = true;
    CHECK(check_files(run).faults_count == 1);
    run.holds[1].shared = true;
    CHECK(check_files(run).clean());
}

TEST_CASE("one pilot may hold what overlaps", "[unit][checker]") {
    FilesEvidence const run{.log = {},
                            .holds = {hold("ann", 1, "src/**", 10, 20), hold("ann", 3, "src/a/**", 15, 30)}};
    CHECK(check_files(run).clean());
}

TEST_CASE("a token that is accepted after its range went to another is found", "[unit][checker]") {
    FilesEvidence run{.log = {},
                      .holds = {hold("ann", 1, "src/**", 10, 12), hold("bob", 3, "src/a/**", 15, 30)}};
    run.holds[0].accepted = {14};
    CHECK(check_files(run).clean());
    run.holds[0].accepted = {16};
    CHECK(check_files(run).faults_count == 1);
}

TEST_CASE("a token that is accepted after its release is found", "[unit][checker]") {
    FilesEvidence run{.log = {}, .holds = {hold("ann", 1, "src/**", 10, 12)}};
    run.holds[0].released_at = 13;
    run.holds[0].accepted = {12};
    CHECK(check_files(run).clean());
    run.holds[0].accepted = {14};
    CHECK(check_files(run).faults_count == 1);
}

TEST_CASE("a holder that was declared lost did not surely hold any more", "[unit][checker]") {
    FilesEvidence const run{.log = {reserved(1, "ann", "src/**"), released(12, "ann", "holder_lost"),
                                    reserved(13, "bob", "src/a/**")},
                            .holds = {hold("ann", 1, "src/**", 10, 20), hold("bob", 13, "src/a/**", 15, 30)}};
    CHECK(check_files(run).text().empty());
}

TEST_CASE("a worker's lines become holds", "[unit][checker]") {
    std::vector<Json> const lines{
        {{"did", "granted"},
         {"token", 5},
         {"patterns", {"src/**"}},
         {"mode", "exclusive"},
         {"got", 1000},
         {"expires", 900'000}},
        {{"did", "accepted"}, {"token", 5}, {"how", "act"}, {"sent", 1500}},
        {{"did", "releasing"}, {"token", 5}, {"at", 2000}},
        {{"did", "released"}, {"token", 5}, {"got", 2500}},
        {{"did", "refused"}, {"conflicts", 1}},
    };
    auto const holds = holds_of("ann", lines);
    REQUIRE(holds.size() == 1);
    CHECK(holds[0].surely_held.at(0).from == 1000);
    CHECK(holds[0].surely_held.at(0).to == 2000);
    CHECK(holds[0].accepted == std::vector<std::int64_t>{1500});
    CHECK(holds[0].released_at == 2500);
}

}  // namespace
}  // namespace fleet::fault
