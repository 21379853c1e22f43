#include "cli/place.hpp"
#include "cli/path_argument.hpp"
#include "cli/token_store.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fstream>

using namespace fleet;
using namespace fleet::cli;
using fleet::test::code_of;
using fleet::test::must;

namespace {

// A folder of the test's own, made canonical.
struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "fleet-cli-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = fs::canonical(name);
    }
    ~Folder() { fs::remove_all(path); }
    void file(fs::path const& name, std::string const& text = "") const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name) << text;
    }
    Place place(fs::path const& below = {}) const {
        return must(find_place(below.empty() ? path : path / below));
    }

    fs::path path;
};

std::string pattern(Place const& place, std::string_view typed) {
    return must(pattern_argument(place, typed)).pattern;
}

}  // namespace

TEST_CASE("a remote gives one key, however it is written", "[unit][cli]") {
    for (auto remote : {"git@github.com:acme/shop.git", "https://github.com/acme/shop",
                        "https://user@GitHub.com/acme/shop.git/", "ssh://git@github.com:22/acme/shop.git",
                        "github.com:acme/shop", "https://github.com/acme/shop\n"}) {
        CHECK(key_from_remote(remote) == "github.com/acme/shop");
    }
    CHECK(key_from_remote("/srv/git/shop.git") == "shop");
    CHECK(key_from_remote("file:///srv/git/shop.git") == "shop");
    CHECK(key_from_remote("../shop") == "shop");
    CHECK(key_from_remote("").empty());
}

TEST_CASE("the project is found upward, but not beyond the repository", "[unit][cli]") {
    Folder folder;
    folder.file(".fleet/config.toml", "project = \"outer\"\n");
    folder.file("a/b/file");
    CHECK(folder.place("a/b").project == "outer");
    CHECK(folder.place("a/b").top == folder.path);
    fs::create_directories(folder.path / "a/.git");
    CHECK(folder.place("a/b").project.empty());
    CHECK(folder.place("a/b").top == folder.path / "a");
}

TEST_CASE("a config.toml that says nothing is an error with its name", "[unit][cli]") {
    Folder folder;
    folder.file(".fleet/config.toml", "policies = 1\n");
    CHECK(code_of(find_place(folder.path)) == "not_configured");
    folder.file(".fleet/config.toml", "project = \n");
    auto broken = find_place(folder.path);
    REQUIRE(code_of(broken) == "not_configured");
    CHECK(broken.error().message.find("config.toml:1") != std::string::npos);
}

TEST_CASE("init writes once and leaves what is there", "[unit][cli]") {
    Folder folder;
    CHECK(must(write_project_files(folder.path, "a\"b")));
    CHECK(folder.place().project == "a\"b");
    CHECK_FALSE(must(write_project_files(folder.path, "other")));
    CHECK(folder.place().project == "a\"b");
    CHECK(fs::exists(folder.path / ".fleet/.gitignore"));
}

TEST_CASE("what is typed is relative to where one stands", "[unit][cli]") {
    Folder folder;
    fs::create_directories(folder.path / ".git");
    folder.file("src/main.cpp");
    CHECK(pattern(folder.place(), "src/main.cpp") == "src/main.cpp");
    CHECK(pattern(folder.place("src"), "main.cpp") == "src/main.cpp");
    CHECK(pattern(folder.place("src"), "../docs/*.md") == "docs/*.md");
    CHECK(pattern(folder.place(), (folder.path / "src/main.cpp").string()) == "src/main.cpp");
    CHECK(pattern(folder.place(), "src/**/x?.c") == "src/**/x?.c");
    CHECK(must(path_argument(folder.place("src"), "new.cpp")) == "src/new.cpp");
}

TEST_CASE("a directory means all below it, and that is said", "[unit][cli]") {
    Folder folder;
    folder.file("src/main.cpp");
    auto argument = must(pattern_argument(folder.place(), "src"));
    CHECK(argument.pattern == "src/**");
    CHECK(argument.note.find("everything in it") != std::string::npos);
    CHECK(pattern(folder.place(), "later/") == "later/**");
    CHECK(pattern(folder.place(), ".") == "**");
    CHECK(must(pattern_argument(folder.place(), "src/main.cpp")).note.empty());
    CHECK(must(pattern_argument(folder.place(), "later")).note.find("later/") != std::string::npos);
}

TEST_CASE("paths out of the project and outside the grammar are refused", "[unit][cli]") {
    Folder folder;
    fs::create_directories(folder.path / "in");
    for (auto typed : {"../x", "/etc/passwd", "in/../../x", "a[", ""}) {
        CHECK(code_of(pattern_argument(folder.place(), typed)) == "invalid_field");
    }
}

TEST_CASE("links are followed, and a link out of the project is refused", "[unit][cli]") {
    Folder folder;
    Folder elsewhere;
    folder.file("src/main.cpp");
    fs::create_symlink("src", folder.path / "alias");
    fs::create_symlink(elsewhere.path, folder.path / "out");
    fs::create_symlink("nothing", folder.path / "dangling");
    CHECK(pattern(folder.place(), "alias/main.cpp") == "src/main.cpp");
    CHECK(pattern(folder.place(), "alias/*.cpp") == "src/*.cpp");
    CHECK(code_of(pattern_argument(folder.place(), "out/x")) == "invalid_field");
    CHECK(code_of(pattern_argument(folder.place(), "dangling")) == "invalid_field");
}

TEST_CASE("what a pilot keeps comes back, private to the user", "[unit][cli]") {
    Folder folder;
    TokenStore store(folder.place());
    CHECK(store.callsigns().empty());
    must(store.change("viper-1", [](KeptPilot& pilot) {
        pilot.pilot_id = "plt_1";
        pilot.token = "tok_1";
        pilot.reservations["rsv_1"] = {12, {"src/**"}, "2026-01-01T00:00:00.000Z"};
    }));
    must(store.change("viper-2", [](KeptPilot& pilot) { pilot.reservations["rsv_2"] = {13, {"a"}, ""}; }));
    auto pilot = must(store.read("viper-1"));
    CHECK(pilot.reservations.at("rsv_1").token == 12);
    CHECK(pilot.reservations.at("rsv_1").patterns == std::vector<std::string>{"src/**"});
    CHECK(store.callsigns() == std::vector<std::string>{"viper-1"});
    struct stat found {};
    REQUIRE(::stat((folder.path / ".fleet/local/viper-1.json").c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    must(store.forget("viper-1"));
    CHECK(must(store.read("viper-1")).pilot_id.empty());
}

TEST_CASE("a damaged file and a callsign that is none are told", "[unit][cli]") {
    Folder folder;
    folder.file(".fleet/local/viper-1.json", "{");
    CHECK(code_of(TokenStore(folder.place()).read("viper-1")) == "internal");
    CHECK(code_of(TokenStore(folder.place()).read("../x")) == "invalid_field");
}

TEST_CASE("two processes of one pilot lose nothing of each other", "[unit][cli]") {
    Folder folder;
    Place place = folder.place();
    constexpr int each = 50;
    auto write_all = [&](char const* prefix) {
        for (int i = 0; i < each; ++i) {
            auto id = prefix + std::to_string(i);
            auto kept = TokenStore(place).change("viper-1", [&](KeptPilot& pilot) {
                pilot.reservations[id] = {1, {}, ""};
            });
            if (!kept) return 1;
        }
        return 0;
    };
    pid_t child = ::fork();
    if (child == 0) ::_exit(write_all("a"));
    CHECK(write_all("b") == 0);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(must(TokenStore(place).read("viper-1")).reservations.size() == 2 * each);
}
