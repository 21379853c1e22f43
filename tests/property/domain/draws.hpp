#pragma once
// The numbers of one step, and what they choose from.
#include "domain/steps.hpp"

#include <fleet/id.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace fleet::walk {

inline std::array<std::string, 6> const callsigns{"ann", "bob", "cid", "dan", "eve", "fay"};
inline std::array<std::string, 4> const priorities{"low", "medium", "high", "critical"};
inline std::array<std::string, 2> const roles{"coder", "tester"};
inline std::array<std::string, 3> const verdicts{"approved", "rejected", "needs_changes"};

class Draws {
public:
    explicit Draws(Choice const& choice) : random_{choice.seed} {}
    std::size_t next() { return random_(); }
    std::size_t below(std::size_t count) { return next() % count; }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <class Values>
    std::string of(Values const& values) {
        return values[below(values.size())];
    }
    // Mostly one of the last few that were made, now and then one that nobody knows.
    template <class Entry>
    std::string one(std::map<std::string, Entry> const& entries, char const* prefix) {
        if (entries.empty() || chance(3)) return new_id(prefix);
        auto const count = chance(25) ? entries.size() : std::min<std::size_t>(entries.size(), 10);
        auto at = entries.rbegin();
        std::advance(at, static_cast<std::ptrdiff_t>(below(count)));
        return at->first;
    }
    // Mostly one for which `wanted` holds.
    template <class Entry, class Predicate>
    std::string one_that(std::map<std::string, Entry> const& entries, char const* prefix, Predicate wanted) {
        std::vector<std::string> found;
        for (auto const& [id, entry] : entries) {
            if (wanted(entry)) found.push_back(id);
        }
        if (found.empty() || chance(10)) return one(entries, prefix);
        return found[below(found.size())];
    }
    // Mostly a pilot that is at work.
    std::string pilot(Model const& model) {
        std::vector<std::string> found;
        for (auto const& [callsign, pilot] : model.pilots) {
            if (pilot.state == "active" || pilot.state == "idle") found.push_back(callsign);
        }
        if (found.empty() || chance(10)) return of(callsigns);
        return found[below(found.size())];
    }

private:
    std::minstd_rand random_;
};

Step step(std::string op, std::string actor, Json args);
Step fenced(std::string op, std::string actor, Json args, char const* kind, std::string const& id,
            std::int64_t token);

// steps_work.cpp
Step on_mission(Draws& draws, Model const& model);
Step new_sortie(Draws& draws, Model const& model);
Step claim_step(Draws& draws, Model const& model);
Step on_flight(Draws& draws, Model const& model);
Step on_sortie(Draws& draws, Model const& model);
Step on_orders(Draws& draws, Model const& model);

}  // namespace fleet::walk
