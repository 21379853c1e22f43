#include "cli/settings_edit.hpp"
#include "cli/upgrade_plan.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace fleet;
using namespace fleet::cli;
using fleet::test::must;

namespace {

Source native15() {
    return {"native", "15.20", "/data/postgres/data", "", ""};
}

Source podman15() {
    return {"podman", "15.20", "", "fleettools-pg", "localhost/fleettools-pg:15"};
}

MachineFacts machine(std::vector<std::string> const& used = {}, int major = 17) {
    MachineFacts facts;
    facts.is_used = [used](std::string const& name) {
        return std::find(used.begin(), used.end(), name) != used.end();
    };
    facts.major_in = [major](std::string const&) { return major; };
    return facts;
}

Settings settings() {
    Settings given;
    given.podman_image = "docker.io/library/postgres:17";
    given.podman_container = "fleettools-pg";
    return given;
}

UpgradeFlags to_provider(std::string name) {
    UpgradeFlags flags;
    flags.provider = std::move(name);
    return flags;
}

UpgradeFlags to_major(int major) {
    UpgradeFlags flags;
    flags.major = major;
    return flags;
}

}  // namespace

TEST_CASE("a changed setting takes the place of its line, and nothing else moves", "[cli]") {
    std::string const before =
        "# mine\nprovider = \"auto\"   # why\n#podman_image = \"x\"\nlog_level = \"info\"\n";
    CHECK(with_settings(before, {{"provider", "podman"}}) ==
          "# mine\nprovider = \"podman\"\n#podman_image = \"x\"\nlog_level = \"info\"\n");
}

TEST_CASE("a setting that was not there, or only as a comment, goes to the end", "[cli]") {
    CHECK(with_settings("#provider = \"auto\"", {{"provider", "native"}}) ==
          "#provider = \"auto\"\nprovider = \"native\"\n");
    CHECK(with_settings("", {{"dsn_file", "/a \"b\"\\c"}}) == "dsn_file = \"/a \\\"b\\\"\\\\c\"\n");
}

TEST_CASE("a setting whose name begins like another's is another", "[cli]") {
    CHECK(with_settings("dsn_file = \"/x\"\n", {{"dsn", ""}}) == "dsn_file = \"/x\"\n");
    CHECK(with_settings("dsn = \"a\"\ndsn_file = \"/x\"\n", {{"dsn", ""}}) == "dsn_file = \"/x\"\n");
}

TEST_CASE("settings are written to a file that was not there, and keep the rights of one that was", "[cli]") {
    namespace fs = std::filesystem;
    std::string name = (fs::temp_directory_path() / "fleet-settings-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    auto const file = fs::path(name) / "deep" / "fleet.toml";
    REQUIRE(change_settings(file, {{"provider", "native"}}));
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
    REQUIRE(change_settings(file, {{"provider", "podman"}}));
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    CHECK(line == "provider = \"podman\"");
    CHECK((fs::status(file).permissions() & fs::perms::group_read) != fs::perms::none);
    fs::remove_all(name);
}

TEST_CASE("a newer major of a private cluster is looked for where Debian puts it, and kept by its place",
          "[cli]") {
    auto const target = must(plan_upgrade(to_major(17), native15(), settings(), machine()));
    CHECK(target.provider == "native");
    CHECK(target.bin_dir == "/usr/lib/postgresql/17/bin");
    CHECK(target.changes() ==
          SettingChanges{{"provider", "native"}, {"postgres_bin_dir", "/usr/lib/postgresql/17/bin"}});
}

TEST_CASE("programs that are not there, or of another major, are an error before anything stops", "[cli]") {
    auto const none = plan_upgrade(to_major(17), native15(), settings(), machine({}, 0));
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::binaries_missing);
    auto const other = plan_upgrade(to_major(17), native15(), settings(), machine({}, 16));
    REQUIRE_FALSE(other);
    CHECK(other.error().code == ErrorCode::binaries_missing);
}

TEST_CASE("a container takes the usual name while it is free, else one with its major", "[cli]") {
    auto const first = must(plan_upgrade(to_provider("podman"), native15(), settings(), machine()));
    CHECK(first.container == "fleettools-pg");
    CHECK(first.image == "docker.io/library/postgres:17");
    auto const second = must(plan_upgrade(to_major(17), podman15(), settings(), machine({"fleettools-pg"})));
    CHECK(second.container == "fleettools-pg-17");
    auto const third = must(
        plan_upgrade(to_major(17), podman15(), settings(), machine({"fleettools-pg", "fleettools-pg-17"})));
    CHECK(third.container == "fleettools-pg-17-2");
    auto given = settings();
    given.podman_container = "fleettools-pg-17";
    auto const next = must(plan_upgrade(to_major(18), podman15(), given, machine({"fleettools-pg"})));
    CHECK(next.container == "fleettools-pg-18");
}

TEST_CASE("the major of an image is the number of its tag", "[cli]") {
    CHECK(image_of_major("docker.io/library/postgres:15.4-bookworm", 17) == "docker.io/library/postgres:17");
    CHECK(image_of_major("registry.example.org:5000/pg", 17) == "registry.example.org:5000/pg:17");
    CHECK(major_of_version("18beta1") == 18);
    CHECK(major_of_version("latest") == 0);
}

TEST_CASE("moving to where it is, or to an older major, is refused", "[cli]") {
    for (auto const& flags : {to_provider("native"), to_major(15)}) {
        auto const same = plan_upgrade(flags, native15(), settings(), machine({}, 15));
        REQUIRE_FALSE(same);
        CHECK(same.error().code == ErrorCode::usage);
    }
    auto const source = Source{"podman", "18.4", "", "fleettools-pg", "docker.io/library/postgres:18"};
    auto const older = plan_upgrade(to_major(17), source, settings(), machine({"fleettools-pg"}));
    REQUIRE_FALSE(older);
    CHECK(older.error().message.find("17") != std::string::npos);
}

TEST_CASE("a foreign server needs a file with its DSN, and a DSN in the settings would win over it",
          "[cli]") {
    REQUIRE_FALSE(plan_upgrade(to_provider("external"), native15(), settings(), machine()));
    auto flags = to_provider("external");
    flags.dsn_file = "/etc/fleet/dsn";
    auto const target = must(plan_upgrade(flags, native15(), settings(), machine()));
    CHECK(with_settings("dsn = \"host=old\"\n", target.changes()) ==
          "provider = \"external\"\ndsn_file = \"/etc/fleet/dsn\"\n");
    flags.major = 17;
    CHECK_FALSE(plan_upgrade(flags, native15(), settings(), machine()));
}
