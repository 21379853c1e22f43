#include "app/command_line.hpp"
#include "app/configuration.hpp"
#include "app/log_lines.hpp"
#include "app/settings_sheet.hpp"

#include "support/catch.hpp"

#include <fstream>
#include <map>

#include <unistd.h>

using namespace fleet;
using namespace fleet::app;

namespace fs = std::filesystem;

namespace {

Environment environment_of(std::map<std::string, std::string> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        auto const found = values.find(std::string(name));
        if (found == values.end()) return std::nullopt;
        return found->second;
    };
}

class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "fleet-app-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;
    fs::path const& path() const { return path_; }
    fs::path write(std::string const& name, std::string const& text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
        return path_ / name;
    }

private:
    fs::path path_;
};

template <std::size_t N>
std::variant<Invocation, Said> read(std::array<char const*, N> arguments) {
    return read_command_line(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

TEST_CASE("a flag beats the environment, which beats the file, which beats the default", "[app][settings]") {
    Folder folder;
    Invocation invocation;
    invocation.config =
        folder.write("fleet.toml", "pool_readers = 5\npostgres_port = 6000\nlog_level = \"debug\"\n");
    invocation.flags = {{"log_level", "error"}};
    auto const sheet =
        test::must(load_settings(invocation, environment_of({{"FLEET_POSTGRES_PORT", "7000"}})));
    CHECK(sheet.values().pool_readers == 5);
    CHECK(sheet.values().postgres_port == 7000);
    CHECK(sheet.values().log_level == "error");
    CHECK(sheet.source("pool_readers").find("fleet.toml:1") != std::string::npos);
    CHECK(sheet.source("postgres_port") == "environment FLEET_POSTGRES_PORT");
    CHECK(sheet.source("log_level") == "flag --log-level");
    CHECK(sheet.source("provider") == "default");
}

TEST_CASE("the user's file beats the machine's, and FLEET_CONFIG is read alone", "[app][settings]") {
    Folder folder;
    folder.write("config/fleet/fleet.toml", "pool_readers = 7\n");
    auto const usual = environment_of({{"XDG_CONFIG_HOME", (folder.path() / "config").string()}});
    CHECK(test::must(load_settings({}, usual)).values().pool_readers == 7);
    auto const other = folder.write("other.toml", "pool_readers = 9\n");
    auto const only = environment_of(
        {{"XDG_CONFIG_HOME", (folder.path() / "config").string()}, {"FLEET_CONFIG", other.string()}});
    CHECK(test::must(load_settings({}, only)).values().pool_readers == 9);
}

TEST_CASE("a mistake in a file names file and line", "[app][settings]") {
    Folder folder;
    Invocation invocation;
    invocation.config = folder.write("fleet.toml", "provider = \"auto\"\npool_reader = 3\n");
    auto const unknown = load_settings(invocation, environment_of({}));
    CHECK(test::code_of(unknown) == "unknown_field");
    CHECK(unknown.error().message.find("fleet.toml:2") != std::string::npos);
    CHECK(unknown.error().message.find("pool_readers") != std::string::npos);

    invocation.config = folder.write("broken.toml", "provider = \n");
    CHECK(test::code_of(load_settings(invocation, environment_of({}))) == "not_configured");
    invocation.config = folder.write("table.toml", "[pool]\nreaders = 3\n");
    CHECK(load_settings(invocation, environment_of({})).has_error());
    invocation.config = folder.path() / "absent.toml";
    CHECK(test::code_of(load_settings(invocation, environment_of({}))) == "not_configured");
}

TEST_CASE("a value out of range names the variable or the flag", "[app][settings]") {
    auto const variable = load_settings({}, environment_of({{"FLEET_POSTGRES_PORT", "70000"}}));
    CHECK(test::code_of(variable) == "invalid_field");
    CHECK(variable.error().message.find("FLEET_POSTGRES_PORT") != std::string::npos);
    Invocation invocation;
    invocation.flags = {{"provider", "docker"}};
    auto const flag = load_settings(invocation, environment_of({}));
    CHECK(flag.error().message.find("--provider") != std::string::npos);
}

TEST_CASE("the printed configuration shows key, value and source, and no secret", "[app][settings]") {
    auto const sheet =
        test::must(load_settings({}, environment_of({{"FLEET_DSN", "postgresql://u:hunter2@h/d"}})));
    auto const table = sheet.table();
    CHECK(table.find("hunter2") == std::string::npos);
    CHECK(table.find("environment FLEET_DSN") != std::string::npos);
    CHECK(table.find("pool_readers") != std::string::npos);
    CHECK(json_text(sheet.json()).find("hunter2") == std::string::npos);
}

TEST_CASE("files follow the XDG rules, and a setting wins over them", "[app][places]") {
    auto const environment = environment_of({{"HOME", "/home/ada"}, {"XDG_RUNTIME_DIR", "/run/user/7"}});
    Settings settings;
    auto const usual = places(settings, environment);
    CHECK(usual.data_dir == "/home/ada/.local/share/fleet");
    CHECK(usual.state_dir == "/home/ada/.local/state/fleet");
    CHECK(usual.socket == "/run/user/7/fleet/fleetd.sock");
    CHECK(places(settings, environment_of({{"HOME", "/home/ada"}})).runtime_dir ==
          "/home/ada/.local/share/fleet/run");
    settings.runtime_dir = "/r";
    settings.data_dir = "/d";
    CHECK(places(settings, environment).socket == "/r/fleetd.sock");
    CHECK(daemon_files(settings, environment).cluster == "/d/postgres");
}

TEST_CASE("relative paths become absolute, and without HOME the settings must say where", "[app][places]") {
    Settings settings;
    settings.data_dir = "data";
    auto const absolute = test::must(absolute_settings(settings, environment_of({{"HOME", "/home/ada"}})));
    CHECK(absolute.data_dir == (fs::current_path() / "data").string());
    CHECK(test::code_of(absolute_settings({}, environment_of({}))) == "not_configured");
}

TEST_CASE("a host keeps its id, and a file that holds none is not overwritten", "[app][places]") {
    Folder folder;
    auto const file = folder.path() / "host_id";
    auto const id = test::must(host_id(file));
    CHECK(id.starts_with("host_"));
    CHECK(test::must(host_id(file)) == id);
    folder.write("host_id", "nonsense\n");
    CHECK(test::code_of(host_id(file)) == "not_configured");
}

TEST_CASE("the command line gives flags of its own and one for each setting", "[app][command_line]") {
    auto const said = read(std::array{"fleetd", "--foreground", "--pool-readers", "4", "--socket=/s"});
    REQUIRE(std::holds_alternative<Invocation>(said));
    auto const& invocation = std::get<Invocation>(said);
    CHECK(invocation.foreground);
    CHECK(invocation.flags.at("pool_readers") == "4");
    CHECK(invocation.flags.at("socket") == "/s");
    CHECK(invocation.flags.size() == 2);
}

TEST_CASE("help and version end well, an unknown flag does not", "[app][command_line]") {
    CHECK(std::get<Said>(read(std::array{"fleetd", "--help"})).exit_code == 0);
    CHECK(std::get<Said>(read(std::array{"fleetd", "--version"})).text.starts_with("fleetd "));
    auto const wrong = std::get<Said>(read(std::array{"fleetd", "--frobnicate"}));
    CHECK(wrong.exit_code == 2);
    CHECK(wrong.text.find("frobnicate") != std::string::npos);
}

TEST_CASE("the time in a line is found, whoever wrote it", "[app][logs]") {
    auto const time = *parse_time("2026-07-28T09:15:00.125Z");
    CHECK(time_in_line("2026-07-28T09:15:00.125Z info  started") == time);
    CHECK(time_in_line(R"({"time":"2026-07-28T09:15:00.125Z","level":"info"})") == time);
    CHECK(time_in_line("2026-07-28 09:15:00.125 UTC [17] LOG:  ready") == time);
    CHECK_FALSE(time_in_line("\tstatement: select 1"));
    CHECK_FALSE(time_in_line("2026-07-28 09:15:00.125 CEST [17] LOG:  ready"));
}

TEST_CASE("a line without a time has that of the line before", "[app][logs]") {
    std::optional<Time> last;
    CHECK(log_document("postgres", "\tcontinued", last)["at"].is_null());
    log_document("postgres", "2026-07-28 09:15:00.125 UTC [17] LOG:  ready", last);
    CHECK(log_document("postgres", "\tcontinued", last)["at"] == "2026-07-28T09:15:00.125Z");
}
