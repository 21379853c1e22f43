#pragma once
// What the pilots of a run were told, as it happens. Lives on the loop of the run; knows no clock but what it
// is given.
#include "simulation/plan.hpp"
#include "simulation/samples.hpp"

#include <fleet/pattern.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fleet::simulation {

using Instant = std::chrono::steady_clock::time_point;

struct Counts {
    std::int64_t commands = 0;  // operations that were answered
    std::int64_t repeated = 0;  // operations asked again because the daemon or the database was away
    std::int64_t conflicts =
        0;  // files that were refused or waited for in vain, and sorties claimed by others
    std::int64_t deadlocks = 0;
    std::int64_t retries = 0;  // attempts that failed and were put back
    std::int64_t blocks = 0;
    std::int64_t crashes = 0;
    std::int64_t comebacks = 0;  // crashed pilots that were registered again
    std::int64_t lapsed = 0;     // pilots that were told that their lease is no longer theirs
    std::int64_t letters = 0;
    std::int64_t acks = 0;
    std::int64_t failed_orders = 0;
};

class Ledger {
public:
    explicit Ledger(Plan const& plan);

    void took(std::string const& operation, Micros time);

    // A sortie whose mission is under way can become ready.
    void opened(std::size_t sortie, Instant now);
    // Answers which attempt at it this is, 1 the first.
    int claimed(std::size_t sortie, std::size_t pilot, Instant now);
    void completed(std::size_t sortie, Instant now);
    // It waits for a pilot again, if it is not `taken` already. How long that took after its pilot fell
    // silent: `silent_since`.
    void returned(std::size_t sortie, Instant now, std::optional<Instant> silent_since = {},
                  bool taken = false);
    bool is_completed(std::size_t sortie) const { return done_[sortie]; }
    std::size_t completed_count() const { return completed_; }

    // A pilot without work: a sortie that is ready while there is none of them is not the daemon's delay. Nor
    // is one that others were preferred to: it counts from when the pilot that got it asked, or from when
    // somebody had been told that there is nothing and still waits.
    void begins_to_ask(std::size_t pilot, Instant now);
    void finds_nothing(std::size_t pilot, Instant now);
    void ends_asking(std::size_t pilot);

    // From the answer until `until` (its lease, or the first moment it may have lost it) the pilot surely
    // holds the patterns; a fault is noted when another one surely does.
    void holds(std::size_t pilot, std::vector<std::string> const& patterns, Instant now, Instant until);
    void still_holds(std::size_t pilot, Instant until);
    void lets_go(std::size_t pilot);

    void wrote(std::string const& message_id, std::vector<std::size_t> const& readers);
    void read(std::string const& message_id, std::size_t reader);
    bool has_mail(std::size_t pilot) const { return !unread_[pilot].empty(); }
    std::int64_t unread() const;

    void fault(std::string text);
    std::vector<std::string> const& faults() const { return faults_; }

    Counts counts{};
    Samples const& ready_to_claimed() const { return ready_to_claimed_; }
    Samples const& recoveries() const { return recoveries_; }
    std::map<std::string, Samples> const& times() const { return times_; }

private:
    struct Hold {
        std::size_t pilot = 0;
        std::vector<Pattern> patterns{};
        Instant until{};
    };
    void becomes_ready(std::size_t sortie, Instant now);

    Plan const& plan_;
    std::vector<bool> open_;
    std::vector<bool> done_;
    std::vector<std::optional<Instant>> ready_since_;
    std::vector<int> attempts_;
    std::size_t completed_ = 0;
    std::map<std::size_t, Instant> asking_{};
    std::set<std::size_t> idle_{};
    Instant idle_since_{};
    std::vector<Hold> holds_{};
    std::vector<std::set<std::string>> unread_;
    // Read before the answer to its writer was there.
    std::set<std::pair<std::string, std::size_t>> read_early_{};
    std::set<std::string> known_letters_{};
    Samples ready_to_claimed_{};
    Samples recoveries_{};
    std::map<std::string, Samples> times_{};
    std::vector<std::string> faults_{};
};

}  // namespace fleet::simulation
