#include <fleet/path.hpp>
#include <fleet/pattern.hpp>

#include <catch2/catch.hpp>

#include <string>

namespace {

fleet::Pattern pattern(std::string_view text) {
    return fleet::Pattern::parse(text).value();
}

bool matches(std::string_view text, std::string_view path) {
    return pattern(text).matches(path);
}

bool collide(std::string_view a, std::string_view b) {
    return overlaps(pattern(a), pattern(b));
}

std::string meeting(std::string_view a, std::string_view b) {
    return witness(pattern(a), pattern(b)).value_or("(none)");
}

std::string refusal(std::string_view text) {
    auto const parsed = fleet::Pattern::parse(text, "/patterns/2");
    if (parsed) return "(accepted)";
    CHECK(parsed.error().code == fleet::ErrorCode::invalid_field);
    CHECK(parsed.error().field == "/patterns/2");
    return parsed.error().message;
}

constexpr auto in_part = "the pattern has ** as part of a segment; it must stand alone between slashes";

std::string path_refusal(std::string_view text) {
    auto const checked = fleet::check_path(text, "/path");
    if (checked) return "(accepted)";
    CHECK(checked.error().code == fleet::ErrorCode::invalid_field);
    CHECK(checked.error().field == "/path");
    return checked.error().message;
}

}  // namespace

TEST_CASE("a literal pattern matches its own path and nothing else", "[pattern]") {
    CHECK(matches("src/a.c", "src/a.c"));
    CHECK_FALSE(matches("src/a.c", "src/a.cc"));
    CHECK_FALSE(matches("src/a.c", "a.c"));
    CHECK(pattern("src/a.c").is_literal());
}

TEST_CASE("a star stays inside its segment and may be empty", "[pattern]") {
    CHECK(matches("src/*.ts", "src/app.ts"));
    CHECK(matches("src/*.ts", "src/.ts"));
    CHECK_FALSE(matches("src/*.ts", "src/lib/app.ts"));
    CHECK(matches("a*b*c", "a-b-b-c"));
    CHECK_FALSE(matches("a*b*c", "a-c-b"));
}

TEST_CASE("a question mark is one character, however many bytes that takes", "[pattern]") {
    CHECK(matches("caf?", "caf\u00e9"));
    CHECK_FALSE(matches("caf?", "caf"));
    CHECK_FALSE(matches("a?b", "a/b"));
}

TEST_CASE("two stars are any number of whole segments, also none", "[pattern]") {
    CHECK(matches("src/**", "src"));
    CHECK(matches("src/**", "src/a/b/c"));
    CHECK_FALSE(matches("src/**", "src2/a"));
    CHECK(matches("**/x.c", "x.c"));
    CHECK(matches("**/x.c", "a/b/x.c"));
    CHECK(matches("a/**/b", "a/b"));
    CHECK(matches("a/**/b", "a/x/y/b"));
    CHECK_FALSE(matches("a/**/b", "a/x/y/c"));
    CHECK(matches("**", "anything/at/all"));
}

TEST_CASE("a directory with a slash at its end stands for all below it", "[pattern]") {
    CHECK(pattern("src/").str() == "src/**");
    CHECK(pattern("src/**/").str() == "src/**");
    CHECK(pattern("**/**/a/**/**").str() == "**/a/**");
    CHECK(pattern("src/") == pattern("src/**"));
}

TEST_CASE("what precedes the first wildcard is the literal prefix", "[pattern]") {
    CHECK(pattern("src/fo*/x").literal_prefix() == "src/fo");
    CHECK(pattern("src/a.c").literal_prefix() == "src/a.c");
    CHECK(pattern("**/x").literal_prefix().empty());
}

TEST_CASE("a malformed pattern is refused with the reason", "[pattern]") {
    CHECK(refusal("") == "the pattern is empty");
    CHECK(refusal("/etc/passwd") == "the pattern is absolute; name it from the top of the project");
    CHECK(refusal("/") == "the pattern is absolute; name it from the top of the project");
    CHECK(refusal("a//b") == "the pattern has an empty segment (two slashes in a row, or one at the end)");
    CHECK(refusal("a//") == "the pattern has an empty segment (two slashes in a row, or one at the end)");
    CHECK(refusal("../../x") == "the pattern has the segment \"..\"; name it from the top of the project");
    CHECK(refusal("./x") == "the pattern has the segment \".\"; name it from the top of the project");
    CHECK(refusal("a/..") == "the pattern has the segment \"..\"; name it from the top of the project");
    CHECK(refusal("a**") == in_part);
    CHECK(refusal("a/***") == in_part);
    CHECK(refusal("a/**b/c") == in_part);
    CHECK(refusal("\xC3(") == "the pattern is not valid UTF-8");
    CHECK(refusal("a\tb") == "the pattern holds a control character");
    for (std::string const special : {"[", "!", "{", "\\"}) {
        CHECK(refusal("a" + special) ==
              "the pattern holds \"" + special +
                  "\"; only *, ? and ** are special, and ? stands for one character");
    }
}

TEST_CASE("a pattern has at most 256 bytes and 16 segments", "[pattern]") {
    CHECK(refusal(std::string(256, 'a')) == "(accepted)");
    CHECK(refusal(std::string(257, 'a')) == "the pattern is longer than 256 bytes");
    CHECK(refusal("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16") == "(accepted)");
    CHECK(refusal("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/") == "the pattern has more than 16 segments");
}

TEST_CASE("patterns collide exactly when some path matches both", "[pattern]") {
    CHECK(collide("src/**", "src/a.c"));
    CHECK(collide("src/**", "src"));
    CHECK(collide("src/**", "**/*.ts"));
    CHECK(collide("src/*/a", "src/b/?"));
    CHECK(collide("**/test/**", "src/*/x/*"));
    CHECK_FALSE(collide("src/**", "srcx/a.c"));
    CHECK_FALSE(collide("*.ts", "*.tsx"));
    CHECK_FALSE(collide("src/*.ts", "src/*/*.ts"));
    CHECK_FALSE(collide("a*", "b*"));
}

TEST_CASE("no path has the segment . or .., so nothing collides only there", "[pattern]") {
    CHECK_FALSE(collide("?", ".*"));
    CHECK_FALSE(collide("?.", ".?"));
    CHECK_FALSE(collide("??", "*..*"));
    CHECK(collide("??", ".?"));
    CHECK(collide("*.", ".*"));
    CHECK(meeting("*.", ".*") == ".x.");
    CHECK(meeting("*..", "..*") == "..x..");
}

TEST_CASE("a witness is a path that both match", "[pattern]") {
    CHECK(meeting("src/**", "**/*.ts") == "src/.ts");
    CHECK(meeting("src/*.ts", "src/a?.*") == "src/ax.ts");
    CHECK(meeting("**", "**") == "x");
    CHECK(meeting("caf\u00e9/*", "caf?/\u00fc") == "caf\u00e9/\u00fc");
    CHECK(meeting("a", "b") == "(none)");
}

TEST_CASE("a path is relative to the top of the project", "[path]") {
    CHECK(fleet::check_path("src/a b[1].c").value() == "src/a b[1].c");
    CHECK(path_refusal("") == "the path is empty");
    CHECK(path_refusal("../../x") == "the path has the segment \"..\"; name it from the top of the project");
    CHECK(path_refusal("/etc/passwd") == "the path is absolute; name it from the top of the project");
    CHECK(path_refusal("a//b") == "the path has an empty segment (two slashes in a row, or one at the end)");
    CHECK(path_refusal("a/") == "the path has an empty segment (two slashes in a row, or one at the end)");
    CHECK(path_refusal(std::string_view("a\0b", 3)) == "the path holds a NUL character");
    CHECK(path_refusal("\xED\xA0\x80") == "the path is not valid UTF-8");
    CHECK(path_refusal("\xC0\xAF") == "the path is not valid UTF-8");
    CHECK(path_refusal("a\xF0\x9F") == "the path is not valid UTF-8");
    CHECK(path_refusal("\xF0\x9F\x9A\x80") == "(accepted)");
    CHECK(path_refusal(std::string(4097, 'a')) == "the path is longer than 4096 bytes");
}
