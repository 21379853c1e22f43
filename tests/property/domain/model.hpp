#pragma once
// A fleet in memory, as docs and domain describe it: what the database has to agree with, step by step.
// Written for reading: no index, no cleverness.
#include <fleet/json_value.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fleet::walk {

// One request of fleet.act.
struct Step {
    std::string op{};
    std::string actor{};
    Json args = Json::object();
    std::optional<Json> fence{};
    bool as_operator = false;
};

Json request_of(Step const& step);
std::string text_of(Step const& step);

struct Pilot {
    std::string state{};
    std::string role{};
};

struct Mission {
    std::string id{};
    std::string state = "pending";
    std::string priority{};
    bool by_itself = true;
    bool review = false;
    bool stops = true;  // on_failure
    std::optional<int> max_failures{};

    bool is_over() const { return state == "completed" || state == "failed" || state == "cancelled"; }
};

struct Need {
    std::string id{};
    bool settled = false;
};

struct Sortie {
    std::string id{};
    std::string name{};
    std::string mission{};
    std::string state = "pending";
    int rank = 1;         // of its priority: 0 critical … 3 low
    std::size_t age = 0;  // order of creation
    std::string role{};
    std::vector<Need> needs{};
    bool any = false;
    std::string looks_at{};  // condition: result of this sortie, `score > 50`
    int attempt = 1;
    int attempts_max = 1;
    std::string pilot{};
    std::int64_t token = 0;
    std::string reviewer{};
    int score = 0;  // of its result, once completed

    bool has_ended() const;
    bool is_flown() const { return state == "assigned" || state == "in_progress" || state == "blocked"; }
};

struct Order {
    std::string id{};
    std::string state = "pending";
    std::string role{};
    int rank = 1;
    std::size_t line = 0;  // its place among those of its rank
    bool delayed = false;  // for longer than the test takes
    std::vector<std::string> needs{};
    int attempts = 0;
    int attempts_max = 3;
    int lost = 0;
    std::string pilot{};
    std::int64_t token = 0;
};

struct Letter {
    std::string id{};
    std::string sender{};
    std::map<std::string, std::string> boxes{};  // recipient → unread, read, acked, bounced
};

class Model {
public:
    // What must come back: "ok", or the codes that are right, separated by |. The model moves on with "ok".
    std::string expect(Step const& step);
    // What only the database can say: tokens, and ids of notices.
    void learn(Step const& step, Json const& result);

    // A pilot gave no sign of life for too long, and the leader has looked.
    void goes_stale(std::string const& callsign);
    // The lease of a sortie has run out, and the leader has looked.
    void lapses(std::string const& sortie);

    // What the database must show; see `state_query` for the same of the database.
    Json state() const;

    // What a pilot can claim, best first; all that is ready without a pilot.
    std::vector<std::string> ready(Pilot const* pilot = nullptr) const;
    std::vector<std::string> queue(Pilot const* pilot = nullptr) const;

    std::map<std::string, Pilot> pilots{};
    std::map<std::string, Mission> missions{};
    std::map<std::string, Sortie> sorties{};
    std::map<std::string, Order> orders{};
    std::map<std::string, Letter> letters{};
    std::map<std::string, int> notices{};  // unread mail of the fleet itself, whose ids nobody told us
    std::set<std::string> halts{};         // "fleet", "project", "pilot ann", "mission msn_…"

private:
    using Answer = std::string;

    Answer register_pilot(Step const& step);
    Answer set_status(Step const& step);
    Answer deregister(Step const& step);
    void loses_work(std::string const& callsign);
    Answer send(Step const& step);
    Answer open_letter(Step const& step, bool acks);
    Answer halt(Step const& step, bool lifts);
    bool is_halted(Step const& step) const;
    std::string scope_of(Json const& args) const;

    Answer create_mission(Step const& step);
    Answer start_mission(Step const& step);
    Answer end_mission(Step const& step, std::string const& state);
    Answer complete_mission(Step const& step);
    Answer review_mission(Step const& step);
    Answer update_mission(Step const& step);

    Answer create_sortie(Step const& step);
    Answer update_sortie(Step const& step);
    Answer claim(Step const& step);
    Answer act_on_sortie(Step const& step);
    Answer review(Step const& step);
    Answer retry_sortie(Step const& step);
    Answer cancel_sortie(Step const& step);
    std::string gate(Sortie const& sortie) const;
    bool is_ready(Sortie const& sortie) const;
    bool leads_to(std::string const& from, std::string const& to) const;
    void fail_attempt(Sortie& sortie, bool is_final);
    void put_back(Sortie& sortie);
    void finish(Sortie& sortie, std::string const& state);
    // All that follows from these ends.
    void follow(std::set<std::string> ended, std::set<std::string> candidates = {});
    bool is_to_be_skipped(Sortie const& sortie) const;
    std::set<std::string> followers(std::set<std::string> const& ids) const;
    std::set<std::string> follow_mission(std::string const& id);
    bool is_done(Mission const& mission) const;

    Answer enqueue(Step const& step);
    Answer claim_work(Step const& step);
    Answer act_on_order(Step const& step);
    Answer retry_work(Step const& step);
    Answer cancel_work(Step const& step);
    bool is_open(Order const& order) const;
    void cancel_followers(std::string const& order);

    std::size_t made_ = 0;
    std::size_t line_ = 0;
};

// The same facts as `Model::state`, as one JSON value. $1 is the project.
extern char const* const state_query;

}  // namespace fleet::walk
