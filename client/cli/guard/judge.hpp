#pragma once
// What the guard says to a commit or a push.
#include "cli/context.hpp"
#include "cli/guard/changes.hpp"
#include "cli/hook_policy.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fleet::cli {

enum class Occasion { commit, push };

// A file that may not be committed or pushed.
struct Objection {
    std::string path{};     // from the top of the repository, as git has it
    std::string problem{};  // held, not_held, never_held
    std::string commit{};   // of a push
    Json holder{};          // of a held one: who, by which pattern, why, until when
};

struct Verdict {
    bool was_asked = false;  // false: nothing to ask about, or the daemon did not answer
    std::size_t files = 0;
    std::string project{};
    Identity who{};
    HookPolicy policy{};
    std::vector<Objection> objections{};
    std::optional<Error> failure{};  // the daemon did not answer

    bool is_good() const { return objections.empty() && !failure; }
};

// The project of a repository, and where it lies in that: the one of its own .fleet/config.toml, of the main
// worktree's, of the superproject's; else the one that its remote names.
struct GuardedPlace {
    Place place{};
    std::string prefix{};   // of a submodule: its path in the superproject, with a slash
    bool is_fleet = false;  // a .fleet/config.toml, a flag or a setting says so
};
GuardedPlace guarded_place(Context& context, Repository const& repository);

// Somebody acts here of whom nobody can say who: a session without a pilot, one of several in the folder. It
// holds nothing.
bool is_unknown_pilot(Identity const& who);

// Asks the daemon. Throws what it refuses.
Verdict judge(Context& context, GuardedPlace const& place, HookPolicy const& policy, Changes const& changes);

// Names in git are bytes: what is no UTF-8 in them becomes U+FFFD.
std::string valid_text(std::string const& bytes);

// What was found, for the one who commits; nothing when all is well.
void say_verdict(Screen& screen, Verdict const& verdict, Occasion occasion);
Json verdict_json(Verdict const& verdict);

}  // namespace fleet::cli
