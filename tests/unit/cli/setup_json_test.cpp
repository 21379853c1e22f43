// Single places of JSON files that belong to somebody else.
#include "cli/setup/json_edit.hpp"
#include "support/catch.hpp"

#include <rapidcheck.h>

#include <random>

using namespace fleet;
using namespace fleet::cli;

namespace {

JsonPath const server{std::string("mcpServers"), std::string("fleet")};

OrderedJson entry() {
    return {{"command", "fleet"}, {"args", {"mcp"}}};
}

std::string with_entry(std::string const& text) {
    auto edit = test::must(JsonEdit::open(text, "settings.json"));
    test::must(edit.set(server, entry()));
    return edit.text();
}

std::string refusal(std::string const& text) {
    auto const edit = JsonEdit::open(text, "settings.json");
    return edit ? std::string("it was read") : edit.error().message;
}

// Documents as people write them: any indentation, comments at any place, trailing commas, either end of
// line.
class Writer {
public:
    explicit Writer(std::uint32_t seed) : random_(seed) {
        static std::vector<std::string> const units{"  ", "    ", "\t", ""};
        unit_ = units[number(4)];
        newline_ = number(4) == 0 ? "\r\n" : "\n";
    }

    std::string document() {
        std::string text = remark("");
        text += object("", 3, true);
        return text + (number(2) == 0 ? newline_ : "") + remark("");
    }
    std::vector<std::string> const& remarks() const { return remarks_; }

private:
    std::size_t number(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
    }

    std::string remark(std::string const& indent) {
        if (unit_.empty() || number(4) != 0) return "";
        auto words = "remark " + std::to_string(remarks_.size()) + " { \" ,";
        remarks_.push_back(words);
        return indent + (number(2) == 0 ? "// " + words : "/* " + words + " */") + newline_;
    }

    std::string value(std::string const& indent, std::size_t depth) {
        static std::vector<std::string> const plain{
            "1", "-2.5e3", "true", "null", R"("text, } ] // none")", R"("\u00fc\n")"};
        if (depth == 0 || number(3) != 0) return plain[number(plain.size())];
        return number(2) == 0 ? object(indent, depth - 1, false) : array(indent, depth - 1);
    }

    std::string array(std::string const& indent, std::size_t depth) {
        std::string text = "[";
        auto const count = number(3);
        for (std::size_t at = 0; at < count; ++at) text += (at == 0 ? "" : ", ") + value(indent, depth);
        return text + "]";
    }

    std::string object(std::string const& indent, std::size_t depth, bool is_root) {
        static std::vector<std::string> const names{"theme", "hooks", "mcpServers", "a b", "env", "fleet"};
        auto const inner = indent + unit_;
        std::string text = "{" + newline_;
        auto const count = number(4);
        auto const start = number(names.size());
        for (std::size_t at = 0; at < count; ++at) {
            auto const& name = names[(start + at) % names.size()];
            text += remark(inner);
            text += inner + "\"" + name + "\": ";
            // What has our way's name is an object, as the client wants it.
            text += is_root && name == "mcpServers" ? object(inner, 0, false) : value(inner, depth);
            auto const is_last = at + 1 == count;
            if (!is_last || number(5) == 0) text += ",";
            if (!unit_.empty() && number(5) == 0) {
                remarks_.push_back("behind " + std::to_string(remarks_.size()));
                text += " // " + remarks_.back();
            }
            text += newline_;
        }
        return text + indent + "}";
    }

    std::mt19937 random_;
    std::string unit_;
    std::string newline_;
    std::vector<std::string> remarks_{};
};

}  // namespace

TEST_CASE("a member goes in behind the others, in the file's own manner", "[cli][setup]") {
    CHECK(
        with_entry("{\n    // mine\n    \"theme\": \"dark\" // at night\n}\n") ==
        "{\n    // mine\n    \"theme\": \"dark\", // at night\n    \"mcpServers\": {\n        \"fleet\": {\n"
        "            \"command\": \"fleet\",\n            \"args\": [\n                \"mcp\"\n            "
        "]\n"
        "        }\n    }\n}\n");
    CHECK(with_entry("{\"theme\":\"dark\"}") ==
          R"({"theme":"dark","mcpServers":{"fleet":{"command":"fleet","args":["mcp"]}}})");
    CHECK(with_entry("{\r\n\t\"a\": 1,\r\n}") ==
          "{\r\n\t\"a\": 1,\r\n\t\"mcpServers\": {\r\n\t\t\"fleet\": {\r\n\t\t\t\"command\": \"fleet\",\r\n"
          "\t\t\t\"args\": [\r\n\t\t\t\t\"mcp\"\r\n\t\t\t]\r\n\t\t}\r\n\t},\r\n}");
}

TEST_CASE("a server that is there keeps what others stand beside it", "[cli][setup]") {
    auto const text = with_entry(
        "{\n  \"mcpServers\": {\n    \"db\": {\"command\": \"dbmcp\"}, // ours\n"
        "    // last\n    \"web\": {\"url\": \"http://x\"}\n  }\n}\n");
    CHECK(text.find("{\"command\": \"dbmcp\"}, // ours\n    // last\n    \"web\": {\"url\": \"http://x\"},\n "
                    "   \"fleet\"") != std::string::npos);
}

TEST_CASE("what is no JSON is refused with its line and column, and why", "[cli][setup]") {
    CHECK(refusal("{\n  \"a\": 1\n  \"b\": 2\n}") == "settings.json:3:3: a comma is missing before this");
    CHECK(refusal("{\n  \"a\": yes\n}") == "settings.json:2:8: \"yes\" is not a value of JSON");
    CHECK(refusal("{\"a\": 1, \"a\": 2}") == "settings.json:1:10: \"a\" stands twice in this object");
    CHECK(refusal("{\"a\": \"never\n\"}") == "settings.json:1:7: this string does not end on its line");
    CHECK(refusal("{\"a\": [1, 2}") == "settings.json:1:12: a comma is missing before this");
    CHECK(refusal("{} x") == "settings.json:1:4: something follows the end of the document");
    CHECK(refusal("/* open") == "settings.json:1:1: this comment does not end");
    CHECK(refusal("[1]") == "settings.json: an object is expected");
    CHECK(refusal(std::string(200, '[')).find("nested too deeply") != std::string::npos);
}

TEST_CASE("a way that leads through a text is refused, and nothing is changed", "[cli][setup]") {
    auto edit = test::must(JsonEdit::open("{\n  \"mcpServers\": \"none\"\n}", "settings.json"));
    auto const done = edit.set(server, entry());
    REQUIRE(!done);
    CHECK(done.error().message == "settings.json:2:17: mcpServers is not an object");
    CHECK(edit.text() == "{\n  \"mcpServers\": \"none\"\n}");
}

TEST_CASE("a list gets its element at the end, and gives it back from the middle", "[cli][setup]") {
    std::string const before = "{\n  \"hooks\": [\n    1, // one\n    2\n  ]\n}\n";
    auto edit = test::must(JsonEdit::open(before, "x"));
    test::must(edit.append({std::string("hooks")}, 3));
    test::must(edit.append({std::string("hooks")}, 4));
    CHECK(edit.text() == "{\n  \"hooks\": [\n    1, // one\n    2,\n    3,\n    4\n  ]\n}\n");
    test::must(edit.remove({std::string("hooks"), std::size_t{2}}));
    test::must(edit.remove({std::string("hooks"), std::size_t{2}}));
    CHECK(edit.text() == before);
}

TEST_CASE("any document: a server goes in and out, and all else stays", "[cli][setup][property]") {
    CHECK(rc::check([](std::uint32_t seed) {
        Writer writer(seed);
        auto const before = writer.document();
        auto edit = test::must(JsonEdit::open(before, "x"));
        auto const meant = edit.value();
        bool const was_there = edit.find(server) != nullptr;
        test::must(edit.set(server, entry()));
        auto const once = edit.text();
        auto expected = meant;
        expected["mcpServers"]["fleet"] = Json::parse(entry().dump());
        RC_ASSERT(edit.value() == expected);
        test::must(edit.set(server, entry()));
        RC_ASSERT(edit.value() == expected);
        test::must(edit.remove(server));
        if (!meant.contains("mcpServers")) test::must(edit.remove({std::string("mcpServers")}));
        if (!was_there) RC_ASSERT(edit.value() == meant);
        for (auto const& remark : writer.remarks()) {
            RC_ASSERT(once.find(remark) != std::string::npos);
            if (!was_there) RC_ASSERT(edit.text().find(remark) != std::string::npos);
        }
    }));
}
