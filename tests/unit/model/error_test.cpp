#include <fleet/json.hpp>
#include <fleet/result.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <string>

using namespace fleet;

TEST_CASE("every code is found again by its text and its SQLSTATE", "[error]") {
    std::set<std::string_view> texts;
    for (std::size_t i = 0; i < error_code_count; ++i) {
        auto const code = static_cast<ErrorCode>(i);
        auto const& info = error_info(code);
        CAPTURE(info.text);
        CHECK(info.code == code);
        CHECK(error_code_from(info.text) == code);
        if (!info.sqlstate.empty()) CHECK(error_code_from_sqlstate(info.sqlstate) == code);
        CHECK(texts.insert(info.text).second);
    }
    CHECK_FALSE(error_code_from("nonsense").has_value());
    CHECK_FALSE(error_code_from_sqlstate("").has_value());
    CHECK_FALSE(error_code_from_sqlstate("42601").has_value());
}

TEST_CASE("an error takes message and hint from the catalogue where none is given", "[error]") {
    auto const plain = make_error(ErrorCode::stale_token);
    CHECK(plain.message == error_info(ErrorCode::stale_token).message);
    CHECK(plain.hint == error_info(ErrorCode::stale_token).hint);
    auto const own = make_error(ErrorCode::invalid_field, "must be a string", "/data/a");
    CHECK(own.message == "must be a string");
    CHECK(http_status(own) == 422);
    CHECK(exit_code(own) == 2);
    CHECK(text_code(own) == "invalid_field");
    CHECK(describe(own) == "must be a string (field /data/a). Hint: Correct the field that is named.");
}

TEST_CASE("an error survives the way through a problem document", "[error]") {
    auto error = make_error(ErrorCode::reservation_held, "held by viper-1", "/patterns/0",
                            {{"conflicts", Json::array()}});
    error.retry_after_seconds = 3;
    auto const problem = problem_from_error(error);
    CHECK(problem["status"] == 409);
    CHECK(problem["code"] == "reservation_held");
    auto const back = error_from_problem(parse_json(json_text(problem)).value());
    CHECK(back.code == error.code);
    CHECK(back.message == error.message);
    CHECK(back.field == error.field);
    CHECK(back.hint == error.hint);
    CHECK(back.detail == error.detail);
    CHECK(back.retry_after_seconds == 3);
}

TEST_CASE("a problem of another version still gives the best error it can", "[error]") {
    struct Case {
        int status;
        ErrorCode code;
    };
    for (auto const& [status, code] :
         {Case{400, ErrorCode::bad_json}, Case{401, ErrorCode::unauthenticated},
          Case{403, ErrorCode::forbidden}, Case{404, ErrorCode::not_found},
          Case{409, ErrorCode::transition_refused}, Case{413, ErrorCode::too_large},
          Case{422, ErrorCode::invalid_field}, Case{429, ErrorCode::too_many}, Case{503, ErrorCode::away},
          Case{500, ErrorCode::internal}, Case{418, ErrorCode::internal}}) {
        CHECK(error_from_problem({{"code", "of_the_future"}, {"status", status}, {"detail", "so"}}).code ==
              code);
    }
    CHECK(error_from_problem(Json()).code == ErrorCode::internal);
    CHECK(error_from_problem({{"title", "only a title"}}).message == "only a title");
    CHECK_FALSE(error_from_problem({{"retry_after_seconds", -4}}).retry_after_seconds.has_value());
}

TEST_CASE("taking the value of a failure throws the error", "[error]") {
    Result<int> const failed = make_error(ErrorCode::away);
    try {
        static_cast<void>(failed.value());
        FAIL("nothing was thrown");
    } catch (ErrorException const& thrown) {
        CHECK(thrown.error().code == ErrorCode::away);
        CHECK(std::string(thrown.what()) == describe(failed.error()));
    }
}
