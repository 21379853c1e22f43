// What a person is shown of a change: the lines, and no secrets of neighbours.
#include "cli/setup/line_diff.hpp"
#include "support/catch.hpp"

#include <algorithm>

using fleet::cli::line_diff;

namespace {

// The lines beside a change at the end.
std::string beside(std::string const& text) {
    std::string out;
    for (auto const& line : line_diff(text, text + "\nnew\n")) out += line + "\n";
    return out;
}

bool tells(std::string const& text) {
    return beside(text).find("s3cret") != std::string::npos;
}

}  // namespace

TEST_CASE("a change is shown with the lines around it", "[cli][setup]") {
    CHECK(line_diff("a\nb\nc\nd\n", "a\nb\nX\nd\n") ==
          std::vector<std::string>{"@@ line 1", "  a", "  b", "- c", "+ X", "  d"});
    CHECK(line_diff("a\n", "a\n").empty());
    CHECK(line_diff("", "a\n") == std::vector<std::string>{"@@ line 1", "+ a"});
    auto const far = line_diff("1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n");
    CHECK(std::count(far.begin(), far.end(), "  4") == 0);
}

TEST_CASE("a secret is left out, whatever the file writes it in", "[cli][setup]") {
    for (auto const* text :
         {R"("api_key": "s3cret")", R"("env": {"TOKEN": "s3cret", "A": "1"})", R"(api_key = "s3cret")",
          R"(api_key = 's3cret')", R"(env = { API_TOKEN = "s3cret" })",
          R"(env = { A = '1', "TOKEN" = 's3cret' })", R"("args": ["--token", "s3cret"])",
          "\"--api-key\",\n\"s3cret\"", R"("args": ["--token=s3cret"])", R"("env": ["DB_PASSWORD=s3cret"])",
          R"("args": ["--header", "Authorization: Bearer s3cret"])",
          R"("url": "postgres://me:s3cret@db/shop")", R"("password": "a\"s3cret")",
          R"("x": "eyJhbGciOi.s3cret.sig")"}) {
        CAPTURE(text);
        CHECK_FALSE(tells(text));
    }
}

TEST_CASE("what is no secret is shown", "[cli][setup]") {
    for (auto const* text : {R"("command": "s3cret")", R"("token": "x", "command": "s3cret")",
                             R"("args": ["--token", "x", "s3cret"])",
                             R"(keys = "x"
model = "s3cret")",
                             "the model's key isn't 's3cret'", R"("url": "https://host:80/s3cret")",
                             R"("url": "https://host/@s3cret")"}) {
        CAPTURE(text);
        CHECK(tells(text));
    }
}
