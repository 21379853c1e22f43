#include <fleet/json.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace fleet;

namespace {

Error refusal(std::string_view text) {
    auto const parsed = parse_json(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == ErrorCode::bad_json);
    return parsed.error();
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("good JSON is read as it stands", "[json]") {
    auto const value = parse_json(R"( {"a":[1,-2,3.5,true,null,"ü"],"b":{"c":{}}} )").value();
    CHECK(value == Json::parse(R"({"a":[1,-2,3.5,true,null,"ü"],"b":{"c":{}}})"));
    CHECK(value["a"][0].is_number_integer());
    CHECK(parse_json("7").value() == Json(7));
    CHECK(parse_json(R"("x")").value() == Json("x"));
    CHECK(parse_json("[]").value() == Json::array());
}

TEST_CASE("broken syntax is refused with the place", "[json]") {
    CHECK(refusal("").message.find("line 1") != std::string::npos);
    CHECK(refusal(R"({"a":[1,}]})").field == "/a/1");
    refusal(R"({"a":1} x)");
    refusal(R"({"a" 1})");
    refusal("{'a':1}");
    refusal("nul");
}

TEST_CASE("the same key twice in an object is refused with a pointer", "[json]") {
    auto const error = refusal(R"({"outer":[{"a":1,"b":2,"a":3}]})");
    CHECK(error.field == "/outer/0/a");
    CHECK(error.message == "the key a stands there twice");
    CHECK(parse_json(R"([{"a":1},{"a":2}])").has_value());
}

TEST_CASE("a NUL inside a string or a key is refused with a pointer", "[json]") {
    CHECK(refusal(R"({"events":[{"data":{"note":"a\u0000b"}}]})").field == "/events/0/data/note");
    CHECK(refusal(R"({"events":["fine","\u0000"]})").field == "/events/1");
    CHECK(refusal("{\"a\\u0000b\":1}").message == "a key has a NUL character");
    CHECK(refusal(std::string("{\"a\":\"x\0y\"}", 11)).code == ErrorCode::bad_json);
}

TEST_CASE("nesting is limited to 64 levels", "[json]") {
    CHECK(parse_json(nested(64)).has_value());
    CHECK(refusal(nested(65)).message == "it is nested deeper than 64 levels");
    // Far deeper than any stack would bear.
    refusal(std::string(1'000'000, '['));
    std::string objects;
    for (int i = 0; i < 65; ++i) objects += R"({"k":)";
    refusal(objects);
}

TEST_CASE("invalid UTF-8 is refused and said so", "[json]") {
    for (auto const* text : {"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\""}) {
        CHECK(refusal(text).message.find("invalid UTF-8") == 0);
    }
    refusal(R"("\ud800")");
}

TEST_CASE("integers that 64 bits cannot hold are refused instead of becoming floats", "[json]") {
    CHECK(parse_json("9223372036854775807").value().get<std::int64_t>() == INT64_MAX);
    CHECK(parse_json("-9223372036854775808").value().get<std::int64_t>() == INT64_MIN);
    CHECK(refusal(R"({"n":9223372036854775808})").field == "/n");
    refusal("-9223372036854775809");
    refusal("123456789012345678901234567890");
    CHECK(parse_json("1e30").value().is_number_float());
}

TEST_CASE("text that is written never fails, whatever a string holds", "[json]") {
    CHECK(json_text(Json{{"a", "\xff"}}) == "{\"a\":\"\xef\xbf\xbd\"}");
    CHECK(json_text(Json{{"b", 1}, {"a", "ü"}}) == R"({"a":"ü","b":1})");
}

TEST_CASE("a pointer escapes what would divide it", "[json]") {
    CHECK(json_pointer("/a", "b/c~d") == "/a/b~1c~0d");
    CHECK(json_pointer("", "") == "/");
}

TEST_CASE("members that may be absent have a stand-in for absence and for another type", "[json]") {
    Json const object{{"s", "x"}, {"n", 3}, {"b", true}, {"f", 1.5}, {"null", nullptr}};
    CHECK(text_or(object, "s", "-") == "x");
    CHECK(text_or(object, "n", "-") == "-");
    CHECK(text_or(object, "null", "-") == "-");
    CHECK(text_or(Json::array(), "s", "-") == "-");
    CHECK(number_or(object, "n", 0) == 3);
    CHECK(number_or(object, "f", 7) == 7);
    CHECK(number_or(Json(1), "f", 7) == 7);
    CHECK(flag_or(object, "b", false));
    CHECK_FALSE(flag_or(object, "s", false));
    CHECK(flag_or(Json(), "b", true));
}
