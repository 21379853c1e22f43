#include "simulation/ledger.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace fleet::simulation {
namespace {

constexpr std::size_t faults_told_max = 50;

std::vector<Pattern> parsed(std::vector<std::string> const& texts) {
    std::vector<Pattern> patterns;
    for (auto const& text : texts) {
        if (auto pattern = Pattern::parse(text)) patterns.push_back(*std::move(pattern));
    }
    return patterns;
}

bool any_overlap(std::vector<Pattern> const& left, std::vector<Pattern> const& right) {
    for (auto const& a : left) {
        for (auto const& b : right) {
            if (overlaps(a, b)) return true;
        }
    }
    return false;
}

}  // namespace

Ledger::Ledger(Plan const& plan)
    : plan_(plan),
      open_(plan.sorties.size()),
      done_(plan.sorties.size()),
      ready_since_(plan.sorties.size()),
      attempts_(plan.sorties.size()),
      unread_(plan.pilots.size()) {}

void Ledger::took(std::string const& operation, Micros time) {
    times_[operation].add(time);
    counts.commands += 1;
}

void Ledger::becomes_ready(std::size_t sortie, Instant now) {
    if (open_[sortie] && is_ready(plan_, sortie, done_)) ready_since_[sortie] = now;
}

void Ledger::opened(std::size_t sortie, Instant now) {
    open_[sortie] = true;
    if (attempts_[sortie] == 0) becomes_ready(sortie, now);
}

// A sortie that is claimed before the answer that made it ready is here has waited for nothing.
int Ledger::claimed(std::size_t sortie, std::size_t pilot, Instant now) {
    auto const asked = asking_.find(pilot);
    auto free_since = asked == asking_.end() ? now : asked->second;
    if (!idle_.empty()) free_since = std::min(free_since, idle_since_);
    auto const since = std::max(ready_since_[sortie].value_or(now), free_since);
    auto const waited = std::chrono::duration_cast<Micros>(now - since);
    ready_to_claimed_.add(std::max(waited, Micros{0}));
    ready_since_[sortie].reset();
    return ++attempts_[sortie];
}

void Ledger::completed(std::size_t sortie, Instant now) {
    if (done_[sortie]) {
        fault(fmt::format("sortie {} was completed twice", sortie));
        return;
    }
    std::vector<std::size_t> waiting;
    for (std::size_t other : plan_.missions[plan_.sorties[sortie].mission].sorties) {
        if (attempts_[other] == 0 && !is_ready(plan_, other, done_)) waiting.push_back(other);
    }
    done_[sortie] = true;
    completed_ += 1;
    for (std::size_t other : waiting) becomes_ready(other, now);
}

void Ledger::returned(std::size_t sortie, Instant now, std::optional<Instant> silent_since, bool taken) {
    if (!taken) becomes_ready(sortie, now);
    if (silent_since) recoveries_.add(std::chrono::duration_cast<Micros>(now - *silent_since));
}

void Ledger::begins_to_ask(std::size_t pilot, Instant now) {
    asking_.emplace(pilot, now);
}

void Ledger::finds_nothing(std::size_t pilot, Instant now) {
    if (idle_.empty()) idle_since_ = now;
    idle_.insert(pilot);
}

void Ledger::ends_asking(std::size_t pilot) {
    asking_.erase(pilot);
    idle_.erase(pilot);
}

void Ledger::holds(std::size_t pilot, std::vector<std::string> const& patterns, Instant now, Instant until) {
    std::erase_if(holds_, [&](Hold const& hold) { return hold.until <= now; });
    auto const mine = parsed(patterns);
    for (auto const& hold : holds_) {
        if (hold.pilot == pilot || !any_overlap(hold.patterns, mine)) continue;
        fault(fmt::format("{} got {} while {} held it", plan_.pilots[pilot].callsign,
                          fmt::join(patterns, " "), plan_.pilots[hold.pilot].callsign));
    }
    if (until > now) holds_.push_back({pilot, mine, until});
}

void Ledger::still_holds(std::size_t pilot, Instant until) {
    for (auto& hold : holds_) {
        if (hold.pilot == pilot) hold.until = std::max(hold.until, until);
    }
}

void Ledger::lets_go(std::size_t pilot) {
    std::erase_if(holds_, [&](Hold const& hold) { return hold.pilot == pilot; });
}

void Ledger::wrote(std::string const& message_id, std::vector<std::size_t> const& readers) {
    counts.letters += 1;
    if (!known_letters_.insert(message_id).second)
        fault(fmt::format("two letters were told the id {}", message_id));
    for (std::size_t reader : readers) {
        if (read_early_.erase({message_id, reader}) == 0) unread_[reader].insert(message_id);
    }
}

void Ledger::read(std::string const& message_id, std::size_t reader) {
    if (known_letters_.contains(message_id))
        unread_[reader].erase(message_id);
    else
        read_early_.insert({message_id, reader});
}

std::int64_t Ledger::unread() const {
    std::size_t sum = 0;
    for (auto const& box : unread_) sum += box.size();
    return static_cast<std::int64_t>(sum);
}

void Ledger::fault(std::string text) {
    if (faults_.size() < faults_told_max) faults_.push_back(std::move(text));
}

}  // namespace fleet::simulation
