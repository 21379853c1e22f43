#include "domain/walk.hpp"

#include "support/database.hpp"
#include "support/seed.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace fleet::walk {

namespace {

constexpr std::size_t steps_told = 30;
constexpr std::chrono::milliseconds past_a_second{1'150};

// The members in which two states differ, in one line each.
std::string differences(Json const& model, Json const& real) {
    std::string text;
    for (auto const& [name, expected] : model.items()) {
        auto const& found = real.at(name);
        if (expected == found) continue;
        if (!expected.is_object()) {
            text += fmt::format("  {}: expected {}, found {}\n", name, json_text(expected), json_text(found));
            continue;
        }
        for (auto const& [key, value] : expected.items()) {
            if (!found.contains(key))
                text += fmt::format("  {} {}: expected {}\n", name, key, json_text(value));
            else if (found.at(key) != value)
                text += fmt::format("  {} {}: expected {}, found {}\n", name, key, json_text(value),
                                    json_text(found.at(key)));
        }
        for (auto const& [key, value] : found.items()) {
            if (!expected.contains(key))
                text += fmt::format("  {} {}: found {}\n", name, key, json_text(value));
        }
    }
    return text;
}

class Walker {
public:
    Walker() : database_{test::fresh_database()}, connection_{database_.connect()} {
        test::seed_project(connection_, "walk");
        epoch_ = connection_.number("select fleet.lead('sweep', 'walk')");
        // A new leader gives silent pilots a minute; this one has led for long.
        connection_.rows("update fleet_live.leaders set since = since - interval '2 hours'");
    }

    std::optional<std::string> take(Choice const& choice, Walked& walked) {
        auto const event = event_of(choice, model_);
        if (!event.silent.empty()) {
            said_ = event.silent + " is silent for two hours; sweep";
            connection_.rows(
                "update fleet_live.pilots set seen_at = seen_at - interval '2 hours'"
                " where project = 'walk' and callsign = $1",
                {event.silent});
            model_.goes_stale(event.silent);
            sweep();
            walked.answers["silence"] += 1;
        } else if (!event.lapses.empty()) {
            if (auto problem = lapse(event.lapses, walked)) return problem;
        } else if (auto problem = carry_out(event.step, walked)) {
            return problem;
        }
        auto const real = connection_.json(state_query, {"walk"});
        auto const expected = model_.state();
        if (real == expected) return std::nullopt;
        return "the states differ:\n" + differences(expected, real);
    }

    std::optional<std::string> final_check() {
        auto const rows =
            connection_.rows("select to_jsonb(v)::text from fleet.verify_projections() v limit 5");
        if (rows.empty()) return past_check();
        std::string text = "a replay gives another state:\n";
        for (auto const& row : rows) text += "  " + row[0].value() + "\n";
        return text;
    }

    // What some events in the middle changed must be the same, whether only the streams they touch are folded
    // or all of them.
    std::optional<std::string> past_check() {
        auto const rows = connection_.rows(R"(
            with range as materialized (
                select max(e.seq) / 2 as lo, max(e.seq) / 2 + 40 as hi from fleet_log.events e),
            few as materialized (
                select c.* from range r cross join lateral fleet_log.changes_between(r.lo, r.hi, array(
                    select distinct e.stream_id from fleet_log.events e
                     where e.seq > r.lo and e.seq <= r.hi)) c),
            whole as materialized (
                select c.* from range r cross join lateral fleet_log.changes_between(r.lo, r.hi, array(
                    select distinct e.stream_id from fleet_log.events e)) c
                 -- After the other: a session folds one past at a time.
                 where (select count(*) from few) >= 0)
            select to_jsonb(x)::text
              from ((table few except table whole) union all (table whole except table few)) x limit 5)");
        if (rows.empty()) return std::nullopt;
        std::string text = "chosen events give another past:\n";
        for (auto const& row : rows) text += "  " + row[0].value() + "\n";
        return text;
    }

    std::string const& said() const { return said_; }

private:
    std::optional<std::string> carry_out(Step const& step, Walked& walked) {
        auto const right = model_.expect(step);
        auto const row = test::act(connection_, request_of(step));
        auto const code = row.at("code").is_null() ? std::string{"ok"} : row.at("code").get<std::string>();
        said_ = text_of(step) + " → " + code;
        walked.answers[step.op + " " + code] += 1;
        auto const among = "|" + right + "|";
        if (among.find("|" + code + "|") == std::string::npos)
            return fmt::format("expected {}, answered {}", right, json_text(row));
        if (code != "ok") return std::nullopt;
        if (step.op == "claim_sortie") {
            auto const id = text_or(row.at("result"), "sortie_id", "");
            auto const known = model_.sorties.find(id);
            if (known == model_.sorties.end() || known->second.state != "assigned" ||
                known->second.pilot != step.actor)
                return "another sortie was given than the best: " + json_text(row.at("result"));
        }
        model_.learn(step, row.at("result"));
        return std::nullopt;
    }

    // A lease of a second that is not renewed.
    std::optional<std::string> lapse(std::string const& sortie, Walked& walked) {
        Step claim;
        claim.op = "claim_sortie";
        claim.args = Json{{"sortie_id", sortie}, {"lease_seconds", 1}};
        for (auto const& [callsign, pilot] : model_.pilots) {
            bool const can = pilot.state == "active" || pilot.state == "idle";
            auto const& role = model_.sorties.at(sortie).role;
            if (can && (role.empty() || role == pilot.role)) claim.actor = callsign;
        }
        if (claim.actor.empty()) return std::nullopt;
        if (auto problem = carry_out(claim, walked)) return problem;
        std::this_thread::sleep_for(past_a_second);   // sleep-ok: only time ends a lease
        said_ += "; its lease runs out; sweep";
        model_.lapses(sortie);
        sweep();
        walked.answers["lapse"] += 1;
        return std::nullopt;
    }

    void sweep() {
        Json request{{"op", "sweep"}, {"actor", "system"}};
        request["args"] = Json{{"duty_epoch", epoch_}, {"stale_seconds", 3'600}};
        test::must_act(connection_, request);
    }

    test::Database database_;
    test::Postgres connection_;
    std::int64_t epoch_ = 0;
    Model model_{};
    std::string said_{};
};

}  // namespace

Walked walk(std::vector<Choice> const& choices, bool check_all) {
    Walked walked;
    Walker walker;
    for (auto const& choice : choices) {
        auto problem = walker.take(choice, walked);
        walked.steps += 1;
        walked.last_steps.push_back(fmt::format("{}: {}", walked.steps, walker.said()));
        if (walked.last_steps.size() > steps_told) walked.last_steps.erase(walked.last_steps.begin());
        if (!problem) continue;
        walked.difference = std::move(problem);
        walked.failed_at = walked.steps;
        return walked;
    }
    if (check_all) walked.difference = walker.final_check();
    walked.failed_at = walked.steps;
    return walked;
}

// Takes out pieces, large ones first, as long as a difference is left.
std::vector<Choice> shrink(std::vector<Choice> choices, std::chrono::seconds limit) {
    auto const end = std::chrono::steady_clock::now() + limit;
    for (std::size_t piece = choices.size() / 2; piece > 0; piece /= 2) {
        for (std::size_t at = 0; at < choices.size();) {
            if (std::chrono::steady_clock::now() > end) return choices;
            auto fewer = choices;
            auto const from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
            auto const count = std::min(piece, fewer.size() - at);
            fewer.erase(from, from + static_cast<std::ptrdiff_t>(count));
            auto const again = walk(fewer, false);
            if (!again.difference) {
                at += piece;
                continue;
            }
            fewer.resize(again.failed_at);
            choices = std::move(fewer);
        }
    }
    return choices;
}

}  // namespace fleet::walk
