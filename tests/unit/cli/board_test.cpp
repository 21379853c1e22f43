#include "cli/screen/board_lines.hpp"
#include "cli/screen/board_top.hpp"
#include "cli/screen/board_tree.hpp"
#include "cli/screen/board_words.hpp"
#include "support/catch.hpp"

#include <fleet/time.hpp>

using namespace fleet;
using namespace fleet::cli;
using fleet::test::must;

namespace {

Time now() {
    return must(parse_time("2026-07-28T09:15:00Z"));
}

Json sortie(std::string const& name, std::vector<std::string> const& after = {}, Json more = Json::object()) {
    Json depends = Json::array();
    for (std::string const& one : after) depends.push_back({{"sortie_id", "srt_" + one}, {"name", one}});
    Json out{{"sortie_id", "srt_" + name},
             {"name", name},
             {"title", name},
             {"status", "pending"},
             {"depends_on", depends}};
    out.update(more);
    return out;
}

Json board() {
    Json counts{{"total", 4}, {"completed", 1}, {"in_progress", 1}, {"pending", 2}, {"ready", 1}};
    Json sorties =
        Json::array({sortie("lexer", {}, {{"status", "completed"}, {"summary", "all tokens"}}),
                     sortie("parser", {"lexer"},
                            {{"status", "in_progress"},
                             {"progress", 40},
                             {"pilot", "viper-1"},
                             {"lease_until", "2026-07-28T09:27:00Z"}}),
                     sortie("docs", {"lexer"}, {{"ready", true}}),
                     sortie("tests", {"lexer", "parser"}, {{"why_not", "waits for parser (in_progress)"}})});
    Json mission{{"mission_id", "msn_x7k2pq"}, {"title", "New parser"}, {"status", "in_progress"},
                 {"priority", "high"},         {"progress", 35},        {"counts", counts},
                 {"sorties", sorties}};
    return {{"missions", Json::array({mission})},
            {"pilots", Json::array({{{"callsign", "viper-1"},
                                     {"status", "active"},
                                     {"sortie", "srt_parser"},
                                     {"sortie_title", "parser"},
                                     {"progress", 40},
                                     {"holds", 2},
                                     {"unread", 3}}})},
            {"halts", Json::array({{{"scope", "project"},
                                    {"project", "demo"},
                                    {"reason", "freeze"},
                                    {"by", "ann"},
                                    {"since", "2026-07-28T09:12:00Z"}}})},
            {"waiting", Json::array({{{"kind", "files"},
                                      {"who", "raven-1"},
                                      {"waits_for", {"viper-1"}},
                                      {"what", "src/**"},
                                      {"seconds", 42}}})},
            {"orders", {{"pending", 4}, {"dead", 1}}},
            {"mail", {{"unread", 7}, {"unacked", 2}}}};
}

std::string text_of(std::vector<std::string> const& lines) {
    std::string out;
    for (std::string const& line : lines) out += line + "\n";
    return out;
}

bool has(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a bar is as long as the progress, and as wide as it was asked to be", "[unit][cli]") {
    CHECK(bar_of(0, 4) == "░░░░");
    CHECK(bar_of(50, 4) == "██░░");
    CHECK(bar_of(100, 4) == "████");
    CHECK(bar_of(120, 4) == "████");
    CHECK(bar_of(-5, 4) == "░░░░");
    for (int percent = 0; percent <= 100; ++percent) CHECK(width_of(bar_of(percent, 7)) == 7);
}

TEST_CASE("counts are said when they are not nought", "[unit][cli]") {
    CHECK(count_words(Json::object()) == "0 of 0 done");
    CHECK(
        count_words(
            {{"total", 9}, {"completed", 1}, {"blocked", 2}, {"pending", 3}, {"ready", 1}, {"failed", 1}}) ==
        "1 of 9 done, 2 blocked, 1 ready, 2 waiting, 1 failed");
}

TEST_CASE("a sortie says how it is", "[unit][cli]") {
    CHECK(sortie_words(sortie("a", {}, {{"ready", true}}), now()) == "ready");
    CHECK(sortie_words(sortie("a", {}, {{"why_not", "waits for b"}}), now()) == "waits for b");
    Json lease{{"status", "in_progress"},
               {"progress", 40},
               {"pilot", "viper-1"},
               {"lease_until", "2026-07-28T09:27:00Z"}};
    CHECK(sortie_words(lease, now()) == "40%  viper-1, 12m left");
    lease["lapsed"] = true;
    CHECK(sortie_words(lease, now()) == "40%  viper-1, lease lapsed");
    CHECK(sortie_words({{"status", "blocked"},
                        {"pilot", "v"},
                        {"blocked_reason", "no key"},
                        {"blocker_type", "external"}},
                       now()) == "0%  v  blocked: no key");
    CHECK(
        sortie_words({{"status", "blocked"},
                      {"pilot", "v"},
                      {"blocked", {{"reason", "no key"}, {"blocker_type", "pilot"}, {"blocker_id", "eve"}}}},
                     now()) == "0%  v  blocked: no key (pilot eve)");
    CHECK(sortie_words({{"status", "failed"}, {"reason", "tests"}}, now()) == "failed: tests");
    CHECK(sortie_words({{"status", "skipped"}}, now()) == "skipped");
    CHECK(sortie_words({{"status", "review"}, {"pilot", "v"}}, now()) == "in review  v");
}

TEST_CASE("a sortie stands below the last of what it waits for", "[unit][cli]") {
    auto branches = tree_of(board().at("missions")[0].at("sorties"));
    REQUIRE(branches.size() == 4);
    CHECK(branches[0].prefix == "└─ ");
    CHECK(branches[1].prefix == "   ├─ ");
    CHECK(branches[2].index == 3);  // tests, below parser
    CHECK(branches[2].prefix == "   │  └─ ");
    CHECK(branches[2].also_after == std::vector<std::string>{"lexer"});
    CHECK(branches[3].index == 2);
    CHECK(tree_of(Json::array()).empty());
}

TEST_CASE("a long chain does not run out of the screen, and a dependency that is not listed is passed over",
          "[unit][cli]") {
    Json chain = Json::array({sortie("s0", {"elsewhere"})});
    for (int i = 1; i < 200; ++i)
        chain.push_back(sortie("s" + std::to_string(i), {"s" + std::to_string(i - 1)}));
    auto branches = tree_of(chain);
    CHECK(branches.size() == 200);
    for (Branch const& branch : branches) CHECK(width_of(branch.prefix) <= 3 * 8);
}

TEST_CASE("the picture has bars, a tree, pilots and who waits", "[unit][cli]") {
    Style style(false);
    auto text = text_of(board_picture(board(), {style, 100, now()}));
    for (auto part :
         {"New parser", "x7k2pq", "high", " 35%  1 of 4 done, 1 in progress, 1 ready, 1 waiting", "✓ lexer",
          "▸ parser", "40%  viper-1, 12m left", "waits for parser", "PILOTS", "holds 2, 3 unread",
          "raven-1 waits 42s for viper-1: src/**", "project demo is halted: freeze (ann, 3m ago)",
          "orders: 4 pending, 1 dead", "mail: 7 unread, 2 without an answer"}) {
        INFO(text);
        CHECK(has(text, part));
    }
    CHECK(board_picture(Json::object(), {style, 80, now()}).empty());
}

TEST_CASE("without a terminal each thing is one line that says its kind", "[unit][cli]") {
    Style style(false);
    auto lines = board_plain(board(), {style, 100, now()});
    REQUIRE(lines.size() == 10);
    CHECK(lines[0].starts_with("halt project demo is halted"));
    CHECK(lines[1] ==
          "mission x7k2pq in_progress 35% New parser: 1 of 4 done, 1 in progress, 1 ready, 1 waiting");
    CHECK(lines[3] == "sortie parser in_progress parser: 40%  viper-1, 12m left");
    CHECK(lines[6] == "pilot viper-1 active: parser 40%, holds 2, 3 unread");
    for (std::string const& line : lines) CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("the upper part of the screen never takes more rows than there are", "[unit][cli]") {
    Style style(true);
    Json big = board();
    for (int i = 0; i < 50; ++i) big["pilots"].push_back(big["pilots"][0]);
    for (int i = 0; i < 50; ++i) big["missions"].push_back(big["missions"][0]);
    for (std::size_t rows = 1; rows < 40; ++rows) {
        CHECK(board_top(big, Json::array(), {style, 80, now()}, rows).size() <= rows);
    }
    CHECK(has(text_of(board_top(big, Json::array(), {style, 80, now()}, 20)), "more lines"));
}

TEST_CASE("titles of strangers cannot steer the terminal", "[unit][cli]") {
    Style style(false);
    Json evil{
        {"missions", Json::array({{{"title", "a\x1b[2Jb"}, {"sorties", Json::array({sortie("x\ny")})}}})}};
    for (auto const& lines :
         {board_picture(evil, {style, 80, now()}), board_plain(evil, {style, 80, now()})}) {
        CHECK(text_of(lines).find('\x1b') == std::string::npos);
    }
}
