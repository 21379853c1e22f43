#include "fault/checker_claims.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace fleet::fault {

namespace {

bool ends_assignment(std::string const& type) {
    static std::set<std::string> const ends{"sortie_requeued", "sortie_completed", "sortie_failed",
                                            "sortie_cancelled"};
    return ends.contains(type);
}

// By the seq of each event, the token that held when it was written; 0: nobody's.
std::map<std::int64_t, std::int64_t> holders(std::vector<LoggedSortie> const& log, Findings& findings) {
    std::map<std::int64_t, std::int64_t> token_at;
    std::map<std::string, std::int64_t> now;
    for (auto const& event : log) {
        auto& token = now[event.sortie];
        if (event.type == "sortie_assigned") {
            if (token != 0)
                findings.add("given_twice", fmt::format("{} was given away at seq {} while token {} held it",
                                                        event.sortie, event.seq, token));
            token = event.seq;
        }
        token_at[event.seq] = token;
        if (ends_assignment(event.type)) token = 0;
    }
    return token_at;
}

void check_ends(ClaimsEvidence const& evidence, Findings& findings) {
    std::map<std::string, int> completed;
    for (auto const& event : evidence.log) {
        if (event.type == "sortie_completed") completed[event.sortie] += 1;
    }
    for (auto const& sortie : evidence.sorties) {
        int const times = completed[sortie];
        if (times == 0) findings.add("lost", fmt::format("{} was never completed", sortie));
        if (times > 1)
            findings.add("completed_twice", fmt::format("{} was completed {} times", sortie, times));
    }
}

}  // namespace

std::vector<AcceptedAct> accepted_acts(std::string const& worker, std::vector<Json> const& history) {
    std::vector<AcceptedAct> acts;
    for (auto const& line : history) {
        if (line.value("did", "") != "accepted") continue;
        AcceptedAct act;
        act.worker = worker;
        act.what = line.at("what").get<std::string>();
        act.sortie = line.at("sortie").get<std::string>();
        act.token = line.at("token").get<std::int64_t>();
        act.seq = line.at("seq").get<std::int64_t>();
        acts.push_back(std::move(act));
    }
    return acts;
}

Findings check_claims(ClaimsEvidence const& evidence) {
    Findings findings;
    check_ends(evidence, findings);
    auto const token_at = holders(evidence.log, findings);
    std::map<std::string, std::string> told;
    for (auto const& act : evidence.accepted) {
        auto const at = token_at.find(act.seq);
        if (at == token_at.end()) {
            findings.add("not_in_log", fmt::format("{} was told that it did {} on {} at seq {}", act.worker,
                                                   act.what, act.sortie, act.seq));
            continue;
        }
        if (at->second != act.token)
            findings.add("stale_accepted",
                         fmt::format("{} did {} on {} at seq {} with token {} while {} held", act.worker,
                                     act.what, act.sortie, act.seq, act.token, at->second));
        if (act.what != "complete") continue;
        auto const [other, first] = told.emplace(act.sortie, act.worker);
        if (!first)
            findings.add("told_twice",
                         fmt::format("{} and {} both completed {}", other->second, act.worker, act.sortie));
    }
    return findings;
}

}  // namespace fleet::fault
