#include "cli/child.hpp"
#include "cli/guard/changes.hpp"
#include "cli/guard/hook_files.hpp"
#include "cli/hook_policy.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace fleet;
using namespace fleet::cli;
using fleet::test::code_of;
using fleet::test::must;

namespace {

struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "fleet-guard-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = fs::canonical(name);
    }
    ~Folder() { fs::remove_all(path); }
    void file(fs::path const& name, std::string const& text, fs::perms mode = fs::perms::owner_all) const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name) << text;
        fs::permissions(path / name, mode);
    }
    std::string text(fs::path const& name) const {
        std::ostringstream out;
        out << std::ifstream(path / name).rdbuf();
        return out.str();
    }
    std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (auto const& entry : fs::directory_iterator(path))
            out.push_back(entry.path().filename().string());
        std::sort(out.begin(), out.end());
        return out;
    }

    fs::path path;
};

std::string what(std::vector<GuardChange> const& changes) {
    std::string out;
    for (GuardChange const& change : changes) out += change.name + ": " + change.what + "\n";
    return out;
}

}  // namespace

TEST_CASE("a child gets its input and gives what it says", "[unit][cli]") {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    // More than a pipe holds, both ways at once.
    std::string const much(1'000'000, 'x');
    Ran const echoed = run_child({"cat"}, much);
    CHECK(echoed.is_good());
    CHECK(echoed.out == much);
    Ran const both = run_child({"sh", "-c", "echo out; echo err >&2; exit 3"});
    CHECK(both.status == 3);
    CHECK(both.out == "out\n");
    CHECK(both.err == "err\n");
    CHECK(run_child({"sh", "-c", "kill -TERM $$"}).status == 128 + 15);
    CHECK(run_child({"sh", "-c", "exec 0<&-; exit 0"}, much).is_good());  // wants none of it
    CHECK(run_child({"/nonexistent/program"}).status == 127);
    ::setenv("FLEET_GUARD_TEST", "set", 1);
    CHECK(run_child({"sh", "-c", "echo ${FLEET_GUARD_TEST-unset}"}).out == "set\n");
    CHECK(run_child({"sh", "-c", "echo ${FLEET_GUARD_TEST-unset}"}, {}, {"FLEET_GUARD_TEST"}).out ==
          "unset\n");
}

TEST_CASE("what git tells pre-push is read line by line", "[unit][cli]") {
    CHECK(must(read_pushed("")).empty());
    auto refs = must(read_pushed("refs/heads/a 11 refs/heads/b 22\n(delete) 00 refs/heads/c 33\n"));
    REQUIRE(refs.size() == 2);
    CHECK(refs[0] == PushedRef{"refs/heads/a", "11", "refs/heads/b", "22"});
    CHECK(refs[1].local_id == "00");
    for (auto bad : {"a b c\n", "a b c d e\n", "\n a\n"}) {
        INFO(bad);
        CHECK(code_of(read_pushed(bad)) == "invalid_field");
    }
    CHECK(split_nul(std::string_view("a\nb\0c\0", 6)) == std::vector<std::string>{"a\nb", "c"});
    CHECK(split_nul("").empty());
}

TEST_CASE("the hook is a script that any shell reads", "[unit][cli]") {
    for (std::string_view name : guarded_hooks) {
        auto script = hook_script(name, "/opt/it's here/fleet");
        CHECK(script.find("'/opt/it'\\''s here/fleet'") != std::string::npos);
        CHECK(run_child({"sh", "-n"}, script).is_good());
        CHECK(run_child({"bash", "-n"}, script).is_good());
    }
}

TEST_CASE("hooks come and go without a trace", "[unit][cli]") {
    Folder folder;
    auto const made = folder.path / "hooks";
    CHECK(what(must(install_hooks(made, "/bin/fleet", 100))) ==
          "pre-commit: installed\npre-push: installed\n");
    CHECK(what(must(install_hooks(made, "/bin/fleet", 200))) ==
          "pre-commit: there already\npre-push: there already\n");
    CHECK(look_at_hooks(made, "/bin/fleet").since == 100);
    CHECK(what(must(install_hooks(made, "/opt/fleet", 300))) == "pre-commit: renewed\npre-push: renewed\n");
    CHECK(what(must(uninstall_hooks(made))) == "pre-commit: removed\npre-push: removed\n");
    CHECK_FALSE(fs::exists(made));
    CHECK(what(must(uninstall_hooks(folder.path))) == "pre-commit: not there\npre-push: not there\n");
}

TEST_CASE("a hook that was there comes back as the same file", "[unit][cli]") {
    Folder folder;
    auto const odd = fs::perms(0751);
    folder.file("pre-commit", "#!/bin/sh\nexit 0", odd);
    fs::create_symlink("elsewhere", folder.path / "pre-push");
    struct stat before {};
    struct stat after {};
    REQUIRE(::stat((folder.path / "pre-commit").c_str(), &before) == 0);
    must(install_hooks(folder.path, "/bin/fleet", 1));
    auto files = look_at_hooks(folder.path, "/bin/fleet");
    CHECK(files.is_on_guard());
    CHECK(files.hooks[0].kept == folder.path / "pre-commit.fleet-kept");
    CHECK(fs::is_symlink(folder.path / "pre-push.fleet-kept"));
    must(uninstall_hooks(folder.path));
    REQUIRE(::stat((folder.path / "pre-commit").c_str(), &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    CHECK(fs::status(folder.path / "pre-commit").permissions() == odd);
    CHECK(fs::read_symlink(folder.path / "pre-push") == "elsewhere");
    CHECK(folder.names() == std::vector<std::string>{"pre-commit", "pre-push"});
}

TEST_CASE("what another tool has done since is not lost", "[unit][cli]") {
    Folder folder;
    folder.file("pre-commit", "#!/bin/sh\n# old\n");
    must(install_hooks(folder.path, "/bin/fleet", 1));
    folder.file("pre-commit", "#!/bin/sh\n# new\n");
    CHECK(look_at_hooks(folder.path, "/bin/fleet").hooks[0].state == GuardState::foreign);
    CHECK(code_of(install_hooks(folder.path, "/bin/fleet", 1)) == "version_conflict");
    CHECK(folder.text("pre-commit") == "#!/bin/sh\n# new\n");
    CHECK(folder.text("pre-commit.fleet-kept") == "#!/bin/sh\n# old\n");
    // A tool that keeps the guard's hook and runs it.
    fs::rename(folder.path / "pre-push", folder.path / "pre-push.legacy");
    folder.file("pre-push", "#!/bin/sh\n");
    CHECK(look_at_hooks(folder.path, "/bin/fleet").hooks[1].state == GuardState::passed_on);
    must(uninstall_hooks(folder.path));
    CHECK(folder.names() == std::vector<std::string>{"pre-commit", "pre-commit.fleet-kept", "pre-push"});
}

TEST_CASE("a guard that was only put aside guards nothing", "[unit][cli]") {
    Folder folder;
    must(install_hooks(folder.path, "/bin/fleet", 1));
    fs::rename(folder.path / "pre-commit", folder.path / "pre-commit.disabled");
    auto const disabled = look_at_hooks(folder.path, "/bin/fleet");
    CHECK(disabled.hooks[0].state == GuardState::absent);
    CHECK_FALSE(disabled.is_on_guard());
    // Some tools put a hook aside and never run it.
    fs::rename(folder.path / "pre-push", folder.path / "pre-push.old");
    folder.file("pre-push", "#!/bin/sh\nexec lefthook run pre-push\n");
    CHECK(look_at_hooks(folder.path, "/bin/fleet").hooks[1].state == GuardState::foreign);
    CHECK(what(must(install_hooks(folder.path, "/bin/fleet", 1))) ==
          "pre-commit: installed\npre-push: installed; what was there runs first\n");
    CHECK(look_at_hooks(folder.path, "/bin/fleet").is_on_guard());
}

TEST_CASE("a folder that cannot be written is said", "[unit][cli]") {
    Folder folder;
    folder.file("hooks", "a file\n");
    CHECK(code_of(install_hooks(folder.path / "hooks", "/bin/fleet", 1)) == "internal");
    CHECK(folder.text("hooks") == "a file\n");
}

TEST_CASE("the policy of hooks stands in the project, then in fleet.toml", "[unit][cli]") {
    Folder folder;
    folder.file("fleet.toml", "hook_policy = \"warn\"\nhook_on_failure = \"closed\"\n");
    folder.file("config.toml", "project = \"shop\"\nhook_policy = \"off\"\n");
    folder.file("plain.toml", "project = \"shop\"\n");
    folder.file("bad.toml", "project = \"shop\"\nhook_polcy = \"off\"\n");
    ::unsetenv("FLEET_HOOK_POLICY");
    ::setenv("FLEET_CONFIG", (folder.path / "fleet.toml").c_str(), 1);
    auto here = must(read_hook_policy(folder.path / "config.toml"));
    CHECK(here.is_off());
    CHECK(here.policy_from == (folder.path / "config.toml").string());
    CHECK_FALSE(here.fails_open);
    auto plain = must(read_hook_policy(folder.path / "plain.toml"));
    CHECK(plain.policy == "warn");
    CHECK(plain.policy_from == "fleet.toml");
    CHECK(code_of(read_hook_policy(folder.path / "bad.toml")) == "unknown_field");
    ::setenv("FLEET_HOOK_POLICY", "enforce", 1);
    CHECK(must(read_hook_policy(folder.path / "config.toml")).enforces());
    ::unsetenv("FLEET_HOOK_POLICY");
    ::setenv("FLEET_CONFIG", "/nonexistent", 1);
    CHECK(must(read_hook_policy(std::nullopt)).policy_from == "default");
    ::unsetenv("FLEET_CONFIG");
}
