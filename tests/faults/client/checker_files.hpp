#pragma once
// Was a file held twice, or a stale token accepted? Looks only at the log and at what the workers say; the
// globs are compared by trying paths, not by the algebra under test.
#include "fault/history.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fleet::fault {

// Microseconds; both ends belong to the span.
struct Span {
    std::int64_t from = 0;
    std::int64_t to = 0;
};

// One grant, as its holder saw it.
struct Hold {
    std::string pilot{};
    std::int64_t token = 0;
    std::vector<std::string> patterns{};
    bool shared = false;
    std::int64_t granted_at = 0;           // when the answer was there
    std::vector<Span> surely_held{};       // from an answer to a release or the last known expiry
    std::vector<std::int64_t> accepted{};  // when questions were sent that the token passed
    std::int64_t released_at = 0;          // when the answer to a release was there; 0: none
};

struct LoggedReservation {
    std::int64_t seq = 0;
    std::string type{};  // file_reserved, file_released, file_reservation_forced
    std::string reservation_id{};
    std::string holder{};
    std::vector<std::string> patterns{};
    bool shared = false;
    std::string cause{};  // of a release
    std::int64_t recorded_at = 0;
};

struct FilesEvidence {
    std::vector<LoggedReservation> log{};  // ordered by seq
    std::vector<Hold> holds{};
};

// `**` as a whole segment, `*`, `?`, literals; by recursion over the text.
bool matches(std::string const& pattern, std::string const& path);

// By trying every path of the workload.
bool any_path_in_common(std::vector<std::string> const& a, std::vector<std::string> const& b);

// A worker's lines, for one pilot:
//   granted {token, reservation, patterns, mode, got, expires}  extended {token, got, expires}
//   releasing {token, at}  released {token, got}  accepted {token, how, sent}  rejected {token, how, sent}
std::vector<Hold> holds_of(std::string const& pilot, std::vector<Json> const& history);

// 1. In the log no reservation is made while another pilot's incompatible one is active: what has lapsed must
//    be ended, in the log, before.
// 2. No two pilots surely hold incompatible reservations at the same time.
// 3. No token is accepted once its range was granted to another pilot, or its release was answered.
Findings check_files(FilesEvidence const& evidence);

}  // namespace fleet::fault
