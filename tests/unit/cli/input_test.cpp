#include "cli/input.hpp"
#include "cli/context.hpp"
#include "cli/token_store.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <fstream>

using namespace fleet;
using namespace fleet::cli;


namespace {

struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "fleet-input-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = fs::canonical(name);
    }
    ~Folder() { fs::remove_all(path); }
    std::string file(std::string const& name, std::string const& text) const {
        std::ofstream(path / name) << text;
        return (path / name).string();
    }

    fs::path path;
};

template <class Action>
std::string code_of(Action action) {
    try {
        action();
    } catch (ErrorException const& failure) {
        return std::string(text_code(failure.error()));
    }
    return "ok";
}

}  // namespace

TEST_CASE("what was not said is not sent", "[unit][cli]") {
    Json args = Json::object();
    put(args, "a", std::string());
    put(args, "b", std::vector<std::string>{});
    put_seconds(args, "c", "", "--c");
    CHECK(args.empty());
    put(args, "a", std::string("x"));
    put_seconds(args, "c", "1500ms", "--c");
    CHECK(args == Json{{"a", "x"}, {"c", 2}});
    CHECK(code_of([&] { put_seconds(args, "c", "soon", "--c"); }) == "usage");
}

TEST_CASE("evidence is a command and how it ended", "[unit][cli]") {
    auto evidence = evidence_of({"make test=0", "A=1 ./run=3"});
    CHECK(evidence[0] == Json{{"command", "make test"}, {"exit_code", 0}});
    CHECK(evidence[1] == Json{{"command", "A=1 ./run"}, {"exit_code", 3}});
    for (std::string bad : {"make test", "make=", "=0", "make=ok", "make=0x"})
        CHECK(code_of([&] { evidence_of({bad}); }) == "usage");
}

TEST_CASE("JSON comes from the line or from a file, and a mistake says where", "[unit][cli]") {
    Folder folder;
    auto file = folder.file("a.json", "{\"n\": 1}");
    CHECK(json_argument("{\"n\": 1}", "--payload") == json_argument("@" + file, "--payload"));
    CHECK(code_of([] { json_argument("{", "--payload"); }) == "bad_json");
    CHECK(code_of([] { json_argument("@/nowhere/x", "--payload"); }) == "usage");
    auto lines = folder.file("b.ndjson", "{\"kind\":\"a\"}\n\n{\"kind\":\"b\"}\n");
    CHECK(json_lines(lines).size() == 2);
    CHECK(json_lines(folder.file("c.json", "[{},{},{}]")).size() == 3);
    try {
        json_lines(folder.file("d.ndjson", "{}\n{oops\n"));
        FAIL("was read");
    } catch (ErrorException const& failure) {
        CHECK(failure.error().message.find("d.ndjson:2") != std::string::npos);
    }
}

TEST_CASE("a time to come is a length of time from now or a point in time", "[unit][cli]") {
    CHECK(time_ahead("2026-07-28T09:15:00Z", "--deadline") == "2026-07-28T09:15:00.000Z");
    auto then = fleet::cli::must(parse_time(time_ahead("2h", "--deadline")));
    auto now = std::chrono::system_clock::now();
    CHECK(then - now > std::chrono::minutes(119));
    CHECK(then - now < std::chrono::minutes(121));
    CHECK(code_of([] { time_ahead("tomorrow", "--deadline"); }) == "usage");
}

TEST_CASE("tokens of sorties and orders are kept beside those of reservations", "[unit][cli]") {
    Folder folder;
    TokenStore store(fleet::cli::must(find_place(folder.path)));
    fleet::cli::must(store.change("viper-1", [](KeptPilot& pilot) {
        pilot.sorties["srt_1"] = {412, "Write the grammar", "2026-01-01T00:00:00.000Z"};
        pilot.work_orders["wo_1"] = {7, "lint", ""};
    }));
    auto pilot = fleet::cli::must(store.read("viper-1"));
    CHECK(pilot.sorties.at("srt_1").token == 412);
    CHECK(pilot.sorties.at("srt_1").title == "Write the grammar");
    CHECK(pilot.work_orders.at("wo_1").token == 7);
    struct stat found {};
    REQUIRE(::stat((folder.path / ".fleet/local/viper-1.json").c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    fleet::cli::must(store.change("viper-1", [](KeptPilot& kept) { kept.sorties.clear(); }));
    CHECK(fleet::cli::must(store.read("viper-1")).sorties.empty());
}
