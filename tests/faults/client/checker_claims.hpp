#pragma once
// Was a sortie done twice, lost, given to two at once, or a stale token accepted? Looks only at the log and
// at what the workers say.
#include "fault/history.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace fleet::fault {

struct LoggedSortie {
    std::int64_t seq = 0;
    std::string type{};  // sortie_assigned, …
    std::string sortie{};
};

// An act on a lease that was answered with "done": with which token, and which event it wrote.
struct AcceptedAct {
    std::string worker{};
    std::string what{};
    std::string sortie{};
    std::int64_t token = 0;
    std::int64_t seq = 0;
};

struct ClaimsEvidence {
    std::vector<std::string> sorties{};   // all that there were
    std::vector<LoggedSortie> log{};      // ordered by seq
    std::vector<AcceptedAct> accepted{};  // what workers were told
};

// A worker's lines {"did": "accepted", "what", "sortie", "token", "seq"}.
std::vector<AcceptedAct> accepted_acts(std::string const& worker, std::vector<Json> const& history);

// 1. Each sortie is completed once in the log: lost, completed_twice.
// 2. It is given to nobody while somebody has it: given_twice.
// 3. What was accepted carried the token of the assignment that held when its event was written:
//    stale_accepted; and it stands in the log: not_in_log.
// 4. Nobody is told of a completion that another was told of, too: told_twice.
Findings check_claims(ClaimsEvidence const& evidence);

}  // namespace fleet::fault
