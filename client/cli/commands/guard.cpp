// fleet guard: git refuses to commit and to push what is not the pilot's.
#include "cli/context.hpp"
#include "cli/guard/hook_files.hpp"
#include "cli/guard/judge.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace fleet::cli {
namespace {

Repository repository_here(Context& context) {
    return must(find_repository(context.place().cwd));
}

fs::path own_program() {
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error);
}

struct InstallFlags {
    bool shared = false;
    bool submodules = false;
};

// A folder that all repositories of the user share is not this one's to change.
void refuse_shared_folder(Repository const& repository, bool is_meant) {
    auto const& scope = repository.hooks_scope;
    if (is_meant || (scope != "global" && scope != "system")) return;
    refuse(ErrorCode::usage,
           fmt::format("all your repositories have their hooks in {} ({} core.hooksPath)",
                       repository.hooks.string(), scope),
           "Add --shared: the guard goes there, and is silent where there is no project. Or give this "
           "repository a folder of its own: git config core.hooksPath .git/hooks");
}

std::vector<Repository> repositories(Context& context, bool with_submodules) {
    std::vector<Repository> all{repository_here(context)};
    if (!with_submodules) return all;
    for (fs::path const& top : must(submodules_of(all.front())))
        all.push_back(must(find_repository(top, true)));
    return all;
}

void say_changes(Screen& screen, Repository const& repository, std::vector<GuardChange> const& changes) {
    for (GuardChange const& change : changes)
        screen.done(fmt::format("{} {}: {}", repository.hooks.string(), change.name, change.what));
}

Json changes_json(Repository const& repository, std::vector<GuardChange> const& changes) {
    Json hooks = Json::object();
    for (GuardChange const& change : changes) hooks[change.name] = change.what;
    return Json{{"folder", repository.hooks.string()}, {"hooks", std::move(hooks)}};
}

int install(Context& context, InstallFlags const& flags) {
    Json done = Json::array();
    Screen& screen = context.screen();
    auto const all = repositories(context, flags.submodules);
    for (Repository const& repository : all) refuse_shared_folder(repository, flags.shared);
    for (Repository const& repository : all) {
        auto changes = must(install_hooks(repository.hooks, own_program(), std::time(nullptr)));
        done.push_back(changes_json(repository, changes));
        say_changes(screen, repository, changes);
    }
    screen.document(Json{{"items", std::move(done)}});
    GuardedPlace const place = guarded_place(context, all.front());
    auto const policy = must(read_hook_policy(place.place.config));
    if (!place.is_fleet)
        screen.note("  → this is no project of the fleet yet, and nothing is refused: fleet init");
    else if (!policy.enforces())
        screen.note(
            fmt::format("  → hook_policy is {} ({}): nothing is refused", policy.policy, policy.policy_from));
    return 0;
}

int uninstall(Context& context, InstallFlags const& flags) {
    Json done = Json::array();
    for (Repository const& repository : repositories(context, flags.submodules)) {
        refuse_shared_folder(repository, flags.shared);
        auto changes = must(uninstall_hooks(repository.hooks));
        done.push_back(changes_json(repository, changes));
        say_changes(context.screen(), repository, changes);
    }
    context.screen().document(Json{{"items", std::move(done)}});
    return 0;
}

std::string_view state_name(GuardState state) {
    switch (state) {
        case GuardState::absent: return "absent";
        case GuardState::foreign: return "foreign";
        case GuardState::on_guard: return "on_guard";
        case GuardState::passed_on: return "passed_on";
    }
    return "absent";
}

std::string state_words(GitHookFile const& hook) {
    std::string const first =
        hook.kept.empty() ? "" : fmt::format(", after {}", hook.kept.filename().string());
    switch (hook.state) {
        case GuardState::absent: return "not there: `fleet guard install`";
        case GuardState::foreign: return "another hook, not the guard: `fleet guard install`";
        case GuardState::passed_on:
            return fmt::format("another tool's, which runs the guard as {}{}", hook.guard.filename().string(),
                               first);
        case GuardState::on_guard: break;
    }
    return (hook.is_current ? "on guard" : "on guard, of another version: `fleet guard install` renews it") +
           first;
}

int status(Context& context) {
    Repository const repository = repository_here(context);
    GuardFiles const files = look_at_hooks(repository.hooks, own_program());
    GuardedPlace const place = guarded_place(context, repository);
    HookPolicy const policy = must(read_hook_policy(place.place.config));
    context.work_in(place.place);
    Identity const& who = context.identity();
    Json hooks = Json::array();
    for (GitHookFile const& hook : files.hooks) {
        hooks.push_back({{"name", hook.name},
                         {"state", state_name(hook.state)},
                         {"current", hook.is_current},
                         {"kept", hook.kept.string()}});
    }
    Screen& screen = context.screen();
    screen.document(Json{{"installed", files.is_on_guard()},
                         {"folder", repository.hooks.string()},
                         {"since", files.since},
                         {"hooks", std::move(hooks)},
                         {"project", context.project()},
                         {"policy", policy.policy},
                         {"policy_from", policy.policy_from},
                         {"on_failure", policy.fails_open ? "open" : "closed"},
                         {"you", who.json()}});
    auto line = [&](std::string_view name, std::string const& words) {
        screen.say(fmt::format("{:<11} {}", name, words));
    };
    line("hooks in", repository.hooks.string());
    for (GitHookFile const& hook : files.hooks) line(hook.name, state_words(hook));
    line("project", place.is_fleet ? printable(context.project()) : "none here: nothing is refused");
    line("policy", fmt::format("{} ({})", policy.policy, policy.policy_from));
    line("daemon away", policy.fails_open ? "commits and pushes go on (open)" : "they are refused (closed)");
    line("you", who.is_pilot() ? fmt::format("{}, {}", who.callsign, who.words()) : who.words());
    return files.is_on_guard() ? 0 : 1;
}

struct CheckFlags {
    std::vector<std::string> paths{};
    bool push = false;
};

// As `git push` of this branch would: what no remote has.
Changes unpushed(Git const& git, fs::path const& hooks) {
    auto head = git.line({"rev-parse", "-q", "--verify", "HEAD^{commit}"});
    if (!head) return {};
    return must(pushed_changes(git, {{"HEAD", *head, "", "0"}}, look_at_hooks(hooks, {}).since));
}

int check(Context& context, CheckFlags const& flags) {
    Repository const repository = repository_here(context);
    Git const git(repository.top);
    GuardedPlace const place = guarded_place(context, repository);
    HookPolicy const policy = must(read_hook_policy(place.place.config));
    Changes changes;
    for (std::string const& path : paths_of(context, flags.paths)) changes[path];
    if (flags.paths.empty())
        changes = flags.push ? unpushed(git, repository.hooks) : must(staged_changes(git));
    auto const occasion = flags.push ? Occasion::push : Occasion::commit;
    Verdict const verdict = judge(context, place, policy, changes);
    Screen& screen = context.screen();
    if (verdict.failure) throw ErrorException(*verdict.failure);
    screen.document(verdict_json(verdict));
    if (!context.is_json()) say_verdict(screen, verdict, occasion);
    if (verdict.is_good()) {
        auto const whose = verdict.who.is_pilot() ? fmt::format("you are {}", verdict.who.callsign)
                                                  : std::string("nobody else holds them");
        screen.done(changes.empty() ? std::string("nothing to look at")
                                    : fmt::format("{} file{}: go on ({})", changes.size(),
                                                  changes.size() == 1 ? "" : "s", whose));
    }
    return verdict.is_good() ? 0 : 5;
}

struct RunFlags {
    std::string hook{};
    std::vector<std::string> rest{};
};

// What git runs. 0 lets it go on.
int run(Context& context, RunFlags const& flags) {
    bool const is_push = flags.hook == "pre-push";
    auto const repository = find_repository(context.place().cwd);
    if (!repository) return 0;  // a bare one: nobody edits there
    GuardedPlace const place = guarded_place(context, *repository);
    if (place.place.project.empty() && !place.is_fleet) return 0;
    HookPolicy const policy = must(read_hook_policy(place.place.config));
    if (policy.is_off()) return 0;
    Git const git(repository->top);
    auto const changes = is_push ? must(pushed_changes(git, must(read_pushed(whole_input("-"))),
                                                       look_at_hooks(repository->hooks, {}).since))
                                 : must(staged_changes(git));
    Verdict const verdict = judge(context, place, policy, changes);
    say_verdict(context.screen(), verdict, is_push ? Occasion::push : Occasion::commit);
    if (verdict.is_good() || !policy.enforces()) return 0;
    if (verdict.failure) return policy.fails_open ? 0 : exit_code(*verdict.failure);
    return 5;
}

template <class Action>
CLI::App& with_install_flags(Menu& menu, CLI::App& group, char const* name, char const* words,
                             Action action) {
    auto flags = std::make_shared<InstallFlags>();
    auto& app = menu.command(group, name, words, [=](Context& context) { return action(context, *flags); });
    app.add_flag("--shared", flags->shared, "Also in a folder that all your repositories share");
    app.add_flag("--submodules", flags->submodules, "In the submodules, too");
    return app;
}

}  // namespace

void add_guard(Menu& menu) {
    auto& group = menu.group("guard", "Git refuses to commit and to push what another pilot holds", "Files");
    with_install_flags(menu, group, "install", "Put the guard before commits and pushes of this repository",
                       install);
    with_install_flags(menu, group, "uninstall", "Take it away; hooks are what they were before", uninstall);
    menu.command(group, "status", "Whether it is on guard, for whom, and how strict (exit 1: it is not)",
                 status);
    auto checked = std::make_shared<CheckFlags>();
    auto& checking = menu.command(group, "check", "What it would say now (exit 5: no)",
                                  [checked](Context& context) { return check(context, *checked); });
    checking.add_option("path", checked->paths, "These files; left out: what is staged")->type_name("PATH");
    checking.add_flag("--push", checked->push, "What would be pushed");
    auto ran = std::make_shared<RunFlags>();
    auto& running = menu.command(group, "run", "What the hooks of git start",
                                 [ran](Context& context) { return run(context, *ran); });
    running.add_option("hook", ran->hook, "pre-commit or pre-push")
        ->required()
        ->check(CLI::IsMember({"pre-commit", "pre-push"}));
    running.add_option("rest", ran->rest, "What git gave to the hook");
    running.group("");
}

}  // namespace fleet::cli
