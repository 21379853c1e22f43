#include "fault/checker_claims.hpp"

#include <catch2/catch.hpp>

namespace fleet::fault {
namespace {

LoggedSortie logged(std::int64_t seq, std::string type) {
    return {.seq = seq, .type = std::move(type), .sortie = "srt_1"};
}

AcceptedAct accepted(std::string what, std::int64_t token, std::int64_t seq) {
    return {.worker = "ann", .what = std::move(what), .sortie = "srt_1", .token = token, .seq = seq};
}

ClaimsEvidence good_run() {
    ClaimsEvidence evidence;
    evidence.sorties = {"srt_1"};
    evidence.log = {logged(1, "sortie_assigned"), logged(2, "sortie_requeued"), logged(3, "sortie_assigned"),
                    logged(4, "sortie_started"), logged(5, "sortie_completed")};
    evidence.accepted = {accepted("start", 3, 4), accepted("complete", 3, 5)};
    return evidence;
}

TEST_CASE("a sortie that came back once and was then completed is no fault", "[unit][checker]") {
    auto const findings = check_claims(good_run());
    INFO(findings.text());
    CHECK(findings.clean());
}

TEST_CASE("a sortie that nobody completed is lost", "[unit][checker]") {
    auto evidence = good_run();
    evidence.sorties.push_back("srt_2");
    CHECK(check_claims(evidence).of("lost") == 1);
}

TEST_CASE("two completions of one sortie are found, in the log and in what was told", "[unit][checker]") {
    auto evidence = good_run();
    evidence.log.push_back(logged(6, "sortie_completed"));
    evidence.accepted.push_back(accepted("complete", 0, 6));
    auto const findings = check_claims(evidence);
    CHECK(findings.of("completed_twice") == 1);
    CHECK(findings.of("told_twice") == 1);
}

TEST_CASE("a sortie that is given away while somebody has it is found", "[unit][checker]") {
    auto evidence = good_run();
    evidence.log.erase(evidence.log.begin() + 1);
    CHECK(check_claims(evidence).of("given_twice") == 1);
}

TEST_CASE("an act with the token of an earlier assignment is found", "[unit][checker]") {
    auto evidence = good_run();
    evidence.accepted[0].token = 1;
    CHECK(check_claims(evidence).of("stale_accepted") == 1);
}

TEST_CASE("what was told and is not in the log is found", "[unit][checker]") {
    auto evidence = good_run();
    evidence.accepted.push_back(accepted("progress", 3, 99));
    CHECK(check_claims(evidence).of("not_in_log") == 1);
}

}  // namespace
}  // namespace fleet::fault
