#include "fault/checker_files.hpp"

#include "fault/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace fleet::fault {

namespace {

// An expiry has milliseconds, rounded.
constexpr std::int64_t expiry_rounding_us = 2'000;

bool matches_from(std::string_view pattern, std::string_view path) {
    if (pattern.empty()) return path.empty();
    if (pattern.substr(0, 3) == "**/") {
        if (matches_from(pattern.substr(3), path)) return true;
        auto const slash = path.find('/');
        return slash != std::string_view::npos && matches_from(pattern, path.substr(slash + 1));
    }
    if (pattern == "**") return true;
    if (pattern == "/**" && path.empty()) return true;  // "src/**" matches "src"
    if (pattern[0] == '*') {
        if (matches_from(pattern.substr(1), path)) return true;
        return !path.empty() && path[0] != '/' && matches_from(pattern, path.substr(1));
    }
    if (path.empty()) return false;
    bool const one = pattern[0] == '?' ? path[0] != '/' : pattern[0] == path[0];
    return one && matches_from(pattern.substr(1), path.substr(1));
}

// Which paths of the workload a list of patterns covers; two lists overlap if they have a bit in common.
std::uint32_t coverage(std::vector<std::string> const& patterns) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < workload_paths.size(); ++i) {
        for (auto const& pattern : patterns) {
            if (matches_from(pattern, workload_paths[i])) bits |= 1U << i;
        }
    }
    return bits;
}

std::string join(std::vector<std::string> const& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

void check_log(std::vector<LoggedReservation> const& log, Findings& findings) {
    struct Active {
        LoggedReservation const* event;
        std::uint32_t covers;
    };
    std::map<std::string, Active> active;
    for (auto const& event : log) {
        if (event.type != "file_reserved") {
            active.erase(event.reservation_id);
            continue;
        }
        auto const covers = coverage(event.patterns);
        for (auto const& [id, other] : active) {
            if (other.event->holder == event.holder || (other.event->shared && event.shared)) continue;
            if ((other.covers & covers) == 0) continue;
            findings.add("held_in_log",
                         fmt::format("log: {} got {} at seq {} while {} had {} since seq {}", event.holder,
                                     join(event.patterns), event.seq, other.event->holder,
                                     join(other.event->patterns), other.event->seq));
        }
        active[event.reservation_id] = {.event = &event, .covers = covers};
    }
}

// What ended a hold without its holder: then it did not surely hold any more.
std::map<std::int64_t, std::int64_t> ends_by_others(std::vector<LoggedReservation> const& log) {
    std::map<std::string, std::int64_t> token_of;
    std::map<std::int64_t, std::int64_t> ended;
    for (auto const& event : log) {
        if (event.type == "file_reserved")
            token_of[event.reservation_id] = event.seq;
        else if (event.cause != "explicit" && event.cause != "expired") {
            ended[token_of[event.reservation_id]] = event.recorded_at;
        }
    }
    return ended;
}

bool at_once(Hold const& a, Hold const& b) {
    for (auto const& left : a.surely_held) {
        for (auto const& right : b.surely_held) {
            if (left.from <= right.to && right.from <= left.to) return true;
        }
    }
    return false;
}

void check_pair(Hold const& earlier, Hold const& later, Findings& findings) {
    if (at_once(earlier, later)) {
        findings.add("held_twice", fmt::format("{} held {} (token {}) while {} held {} (token {})",
                                               earlier.pilot, join(earlier.patterns), earlier.token,
                                               later.pilot, join(later.patterns), later.token));
    }
    for (auto const sent : earlier.accepted) {
        if (sent <= later.granted_at) continue;
        findings.add("stale_accepted",
                     fmt::format("token {} of {} for {} was accepted {} us after {} had got {} (token {})",
                                 earlier.token, earlier.pilot, join(earlier.patterns),
                                 sent - later.granted_at, later.pilot, join(later.patterns), later.token));
        break;
    }
}

void check_holds(std::vector<Hold> holds, Findings& findings) {
    std::sort(holds.begin(), holds.end(), [](Hold const& a, Hold const& b) { return a.token < b.token; });
    std::vector<std::uint32_t> covers;
    std::vector<std::int64_t> interest_ends;  // behind it nothing that this hold did can be a fault
    for (auto const& hold : holds) {
        covers.push_back(coverage(hold.patterns));
        auto last = std::numeric_limits<std::int64_t>::min();
        for (auto const& span : hold.surely_held) last = std::max(last, span.to);
        for (auto const sent : hold.accepted) last = std::max(last, sent);
        interest_ends.push_back(last);
    }
    for (std::size_t i = 0; i < holds.size(); ++i) {
        auto const& hold = holds[i];
        for (auto const sent : hold.accepted) {
            if (hold.released_at == 0 || sent <= hold.released_at) continue;
            findings.add("stale_accepted",
                         fmt::format("token {} of {} was accepted after its release was answered", hold.token,
                                     hold.pilot));
            break;
        }
        for (std::size_t j = i + 1; j < holds.size(); ++j) {
            auto const& later = holds[j];
            if (later.granted_at > interest_ends[i] || (covers[i] & covers[j]) == 0) continue;
            if (hold.pilot == later.pilot || (hold.shared && later.shared)) continue;
            check_pair(hold, later, findings);
        }
    }
}

}  // namespace

bool matches(std::string const& pattern, std::string const& path) {
    return matches_from(pattern, path);
}

bool any_path_in_common(std::vector<std::string> const& a, std::vector<std::string> const& b) {
    return (coverage(a) & coverage(b)) != 0;
}

std::vector<Hold> holds_of(std::string const& pilot, std::vector<Json> const& history) {
    std::map<std::int64_t, Hold> by_token;
    for (auto const& line : history) {
        auto const did = line.value("did", "");
        if (!line.contains("token")) continue;
        auto const token = line.at("token").get<std::int64_t>();
        auto& hold = by_token[token];
        hold.token = token;
        hold.pilot = pilot;
        if (did == "granted" || did == "extended") {
            auto const got = line.at("got").get<std::int64_t>();
            if (did == "granted") {
                if (hold.granted_at == 0) hold.granted_at = got;
                hold.patterns = line.at("patterns").get<std::vector<std::string>>();
                hold.shared = line.value("mode", "") == "shared";
                hold.released_at = 0;
            }
            auto const until = line.at("expires").get<std::int64_t>() - expiry_rounding_us;
            // The newest expiry counts, also where it is an earlier one than before. An answer that came
            // after the expiry it tells proves nothing.
            for (auto& span : hold.surely_held) span.to = std::min(span.to, until);
            if (until >= got) hold.surely_held.push_back({.from = got, .to = until});
        } else if (did == "releasing") {
            auto const at = line.at("at").get<std::int64_t>();
            for (auto& span : hold.surely_held) span.to = std::min(span.to, at);
        } else if (did == "released") {
            hold.released_at = line.at("got").get<std::int64_t>();
        } else if (did == "accepted") {
            hold.accepted.push_back(line.at("sent").get<std::int64_t>());
        }
    }
    std::vector<Hold> holds;
    for (auto& [token, hold] : by_token) {
        if (hold.granted_at != 0) holds.push_back(std::move(hold));
    }
    return holds;
}

Findings check_files(FilesEvidence const& evidence) {
    Findings findings;
    check_log(evidence.log, findings);
    auto holds = evidence.holds;
    for (auto const& [token, at] : ends_by_others(evidence.log)) {
        for (auto& hold : holds) {
            if (hold.token != token) continue;
            for (auto& span : hold.surely_held) span.to = std::min(span.to, at);
        }
    }
    check_holds(std::move(holds), findings);
    return findings;
}

}  // namespace fleet::fault
