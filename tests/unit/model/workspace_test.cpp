#include "support/catch.hpp"

#include <fleet/workspace.hpp>

#include <cstdlib>
#include <fstream>

using namespace fleet;
namespace fs = std::filesystem;

namespace {

// A directory of its own, removed at the end.
struct Scratch {
    Scratch() {
        auto form = (fs::temp_directory_path() / "fleet-workspace-XXXXXX").string();
        path = fs::canonical(::mkdtemp(form.data()));
    }
    ~Scratch() { fs::remove_all(path); }
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;

    fs::path write(std::string const& name, std::string const& text) const {
        auto const file = path / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
        return file;
    }
    fs::path path{};
};

Workspace found(fs::path const& directory) {
    auto workspace = find_workspace(directory);
    REQUIRE(workspace);
    return *workspace;
}

std::string const origin =
    "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n";

}  // namespace

TEST_CASE("a directory's project is what its configuration says, else its remote", "[unit][workspace]") {
    Scratch scratch;
    scratch.write("repo/.git/config", origin);
    scratch.write("repo/src/a.c", "");
    CHECK(found(scratch.path / "repo/src").project == "github.com/acme/shop");
    CHECK_FALSE(found(scratch.path / "repo/src").is_configured);
    scratch.write("repo/.fleet/config.toml",
                  "project = \"shop\"\nhook_policy = \"warn\"\nhook_on_failure = \"closed\"\n");
    auto const workspace = found(scratch.path / "repo/src");
    CHECK(workspace.project == "shop");
    CHECK(workspace.is_configured);
    CHECK(workspace.hook_policy == "warn");
    CHECK(workspace.hook_on_failure == "closed");
    CHECK(workspace.top == scratch.path / "repo");
}

TEST_CASE("a linked worktree has the remote of its repository", "[unit][workspace]") {
    Scratch scratch;
    scratch.write("repo/.git/config", origin);
    scratch.write("repo/.git/worktrees/side/commondir", "../..\n");
    scratch.write("side/.git", "gitdir: " + (scratch.path / "repo/.git/worktrees/side").string() + "\n");
    CHECK(found(scratch.path / "side").project == "github.com/acme/shop");
    CHECK(found(scratch.path / "side").top == scratch.path / "side");
}

TEST_CASE("a directory without a project has none, and one that is not there is an error",
          "[unit][workspace]") {
    Scratch scratch;
    CHECK(found(scratch.path).project.empty());
    CHECK_FALSE(find_workspace(scratch.path / "nowhere"));
    scratch.write("bad/.fleet/config.toml", "# a comment\nproject = shop\n");
    auto const bad = find_workspace(scratch.path / "bad");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == ErrorCode::not_configured);
    CHECK(bad.error().message.find("config.toml:2: ") != std::string::npos);
    scratch.write(
        "odd/.fleet/config.toml",
        "other = 7\n project='a # b' # why\nhook_policy = \"w\\\"arn\"\n[more]\nproject = \"no\"\n");
    CHECK(found(scratch.path / "odd").project == "a # b");
    CHECK(found(scratch.path / "odd").hook_policy == "w\"arn");
}

TEST_CASE("a file has one name in its project, whatever it was called", "[unit][workspace]") {
    Scratch scratch;
    scratch.write("repo/.git/config", origin);
    scratch.write("repo/src/a.c", "");
    fs::create_directory_symlink("src", scratch.path / "repo/linked");
    fs::create_symlink("src/a.c", scratch.path / "repo/to-a.c");
    auto const top = scratch.path / "repo";
    auto const workspace = found(top);
    auto const name = [&](std::string_view file, fs::path const& cwd) {
        return path_in_project(workspace, cwd, file).value_or("-");
    };
    CHECK(name("src/a.c", top) == "src/a.c");
    CHECK(name("./src/.././src//a.c", top) == "src/a.c");
    CHECK(name("a.c", top / "src") == "src/a.c");
    CHECK(name("linked/a.c", top) == "src/a.c");
    CHECK(name("to-a.c", top) == "src/a.c");
    CHECK(name("linked/new/b.c", top) == "src/new/b.c");
    fs::create_symlink("../src/later.c", scratch.path / "repo/linked/to-later.c");
    CHECK(name("src/to-later.c", top) == "src/later.c");
    fs::create_symlink("round", scratch.path / "repo/round");
    CHECK(name("round", top) == "-");
    CHECK(name((top / "src/a.c").string(), "/") == "src/a.c");
    CHECK(name("../other.c", top) == "-");
    CHECK(name("/etc/hosts", top) == "-");
    CHECK(name(".", top) == "-");
}

TEST_CASE("another worktree of the project is inside, another project is not", "[unit][workspace]") {
    Scratch scratch;
    scratch.write("repo/.git/config", origin);
    scratch.write("side/.git/config", origin);
    scratch.write("repo/vendor/lib/.git/config",
                  "[remote \"origin\"]\n\turl = https://example.org/lib.git\n");
    scratch.write("repo/own/.git/config", "[core]\n");
    auto const workspace = found(scratch.path / "repo");
    CHECK(path_in_project(workspace, scratch.path, "side/src/a.c") == "src/a.c");
    CHECK_FALSE(path_in_project(workspace, scratch.path, "repo/vendor/lib/a.c"));
    CHECK(path_in_project(workspace, scratch.path, "repo/own/a.c") == "own/a.c");
}

TEST_CASE("names from another machine are taken as they are", "[unit][workspace]") {
    CHECK(path_below("/w/shop", "/w/shop/src", "../lib/./a.c") == "lib/a.c");
    CHECK(path_below("/w/shop", "/w/shop", "/w/shop/a.c") == "a.c");
    CHECK_FALSE(path_below("/w/shop", "/w/shop", "/w/shopping/a.c"));
    CHECK_FALSE(path_below("/w/shop", "/w/shop", "../a.c"));
}
