#include "cli/command_line.hpp"
#include "cli/completion.hpp"
#include "cli/man_pages.hpp"
#include "support/catch.hpp"

#include <fleet/operations.hpp>
#include <fleet/settings.hpp>

using namespace fleet;
using namespace fleet::cli;

namespace {

std::variant<Run, Said, Error> read(CommandLine& line, std::vector<char const*> words) {
    words.insert(words.begin(), "fleet");
    return line.read(static_cast<int>(words.size()), words.data());
}

Error wrong(std::vector<char const*> words) {
    CommandLine line;
    auto result = read(line, std::move(words));
    REQUIRE(std::holds_alternative<Error>(result));
    CHECK(std::get<Error>(result).code == ErrorCode::usage);
    return std::get<Error>(result);
}

bool is_command(std::vector<char const*> words) {
    CommandLine line;
    return std::holds_alternative<Run>(read(line, std::move(words)));
}

}  // namespace

TEST_CASE("flags of every command may stand anywhere", "[unit][cli]") {
    CommandLine line;
    auto result = read(
        line, {"--project", "demo", "reserve", "src/**", "--json", "--as", "viper-1", "-C", "/tmp", "-q"});
    REQUIRE(std::holds_alternative<Run>(result));
    CHECK(line.globals().json);
    CHECK(line.globals().quiet);
    CHECK(line.globals().project == "demo");
    CHECK(line.globals().callsign == "viper-1");
    CHECK(line.globals().directory == "/tmp");
}

TEST_CASE("a word that is nearly a command names it", "[unit][cli]") {
    CHECK(wrong({"servics"}).hint == "Did you mean `fleet services`?");
    CHECK(wrong({"services", "statsu"}).hint == "Did you mean `fleet services status`?");
    CHECK(wrong({"cursors", "reserve"}).message == "there is no command fleet cursors reserve");
    CHECK(wrong({"zzzzzz"}).message == "there is no command fleet zzzzzz");
    CHECK(wrong({"services"}).message.find("up, down, status") != std::string::npos);
    CHECK(wrong({"status", "x"}).message == "fleet status does not take \"x\"");
    CHECK(wrong({"status", "--frobnicate"}).message == "fleet status does not know --frobnicate");
    CHECK_FALSE(wrong({"reserve"}).message.empty());
    CHECK_FALSE(wrong({"db", "rollback", "--to", "x"}).message.empty());
    CHECK_FALSE(wrong({"completion", "tcsh"}).message.empty());
}

TEST_CASE("help and version are said, not run", "[unit][cli]") {
    CommandLine line;
    CHECK(std::get<Said>(read(line, {"--help"})).text.find("First steps") != std::string::npos);
    CommandLine other;
    auto page = std::get<Said>(read(other, {"reserve", "--help"})).text;
    CHECK(page.find("--wait") != std::string::npos);
    CommandLine third;
    auto below = std::get<Said>(read(third, {"services", "up", "--help"})).text;
    CHECK(below.find("Usage: fleet services up") != std::string::npos);
    CHECK(below.find("First steps") == std::string::npos);
    CommandLine bare;
    CHECK(std::holds_alternative<Said>(read(bare, {})));
    CommandLine version;
    CHECK(std::get<Said>(read(version, {"--version"})).text.starts_with("fleet "));
}

TEST_CASE("agents is the same word as pilots", "[unit][cli]") {
    CHECK(is_command({"agents", "list"}));
    CHECK(is_command({"cursors", "advance", "ci", "5"}));
}

TEST_CASE("every command that the catalogue names exists", "[unit][cli]") {
    for (Operation const& operation : operations()) {
        if (operation.cli.empty()) continue;
        std::string text(operation.cli.substr(0, operation.cli.find(" --")));
        CommandLine line;
        CLI::App* app = &line.root();
        INFO("operation " << operation.name << ", command " << text);
        std::size_t from = 0;
        while (from < text.size()) {
            auto end = std::min(text.find(' ', from), text.size());
            auto word = text.substr(from, end - from);
            auto below = app->get_subcommands([&](CLI::App const* one) { return one->check_name(word); });
            REQUIRE(below.size() == 1);
            app = below.front();
            from = end + 1;
        }
    }
}

TEST_CASE("completion knows every command and hides what is hidden", "[unit][cli]") {
    CommandLine line;
    for (auto const& script :
         {bash_completion(line.root()), zsh_completion(line.root()), fish_completion(line.root())}) {
        CHECK(script.find("reservations") != std::string::npos);
        CHECK(script.find("rollback") != std::string::npos);
        CHECK(script.find("man ") == std::string::npos);
    }
}

TEST_CASE("the manual has every command and every setting", "[unit][cli]") {
    CommandLine line;
    auto page = fleet_page(line.root());
    CHECK(page.starts_with(".TH fleet 1"));
    for (auto text : {"fleet reserve", "\\-\\-wait", "fleet db rollback", ".SH EXIT STATUS"}) {
        CHECK(page.find(text) != std::string::npos);
    }
    auto settings = settings_page();
    for (SettingInfo const& info : setting_infos()) {
        INFO(info.key);
        CHECK(settings.find(".BI \"" + std::string(info.key) + " = ") != std::string::npos);
    }
    CHECK(fleetd_page().find("\\-\\-foreground") != std::string::npos);
}
