#include "pg/failure.hpp"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::pg;

TEST_CASE("a refusal of ours becomes the catalogue's error with its field and facts", "[pg][failure]") {
    auto const failure = failure_from("FL422",
                                      "ERROR:  must be a position\nDETAIL:  {\"code\": \"invalid_field\", "
                                      "\"field\": \"/after\", \"head\": 3}\n"
                                      "HINT:  look\nCONTEXT:  PL/pgSQL function secret line 3\n",
                                      "list_events");
    CHECK(failure.kind == FailureKind::refused);
    CHECK(failure.error.code == ErrorCode::invalid_field);
    CHECK(failure.error.message == "must be a position");
    CHECK(failure.error.field == "/after");
    CHECK(failure.error.detail == Json{{"head", 3}});
}

TEST_CASE("a refusal without detail is still the catalogue's error", "[pg][failure]") {
    auto const failure = failure_from("FL404", "ERROR:  no such host\nCONTEXT:  somewhere\n", "x");
    CHECK(failure.error.code == ErrorCode::not_found);
    CHECK(failure.error.field.empty());
    CHECK(failure.error.detail.is_null());
}

TEST_CASE("each SQLSTATE has its policy", "[pg][failure]") {
    struct Case {
        char const* state;
        FailureKind kind;
        ErrorCode code;
    };
    for (auto const& one : {Case{"40001", FailureKind::retry, ErrorCode::away},
                            Case{"40P01", FailureKind::retry, ErrorCode::away},
                            Case{"55P03", FailureKind::retry, ErrorCode::away},
                            Case{"0A000", FailureKind::retry, ErrorCode::away},
                            Case{"57P01", FailureKind::lost, ErrorCode::away},
                            Case{"25006", FailureKind::lost, ErrorCode::away},
                            Case{"57014", FailureKind::refused, ErrorCode::away},
                            Case{"53100", FailureKind::refused, ErrorCode::disk_full},
                            Case{"42501", FailureKind::refused, ErrorCode::forbidden},
                            Case{"42P01", FailureKind::refused, ErrorCode::schema_older},
                            Case{"23505", FailureKind::refused, ErrorCode::invalid_field},
                            Case{"22P02", FailureKind::refused, ErrorCode::invalid_field},
                            Case{"P0001", FailureKind::bug, ErrorCode::internal},
                            Case{"", FailureKind::bug, ErrorCode::internal}}) {
        INFO(one.state);
        auto const failure = failure_from(one.state, "ERROR:  words of the server\n", "act");
        CHECK(failure.kind == one.kind);
        CHECK(failure.error.code == one.code);
    }
}

TEST_CASE("a caller never hears what only the log may know", "[pg][failure]") {
    auto const failure =
        failure_from("P0001", "ERROR:  secret table\nCONTEXT:  PL/pgSQL function f line 3\n", "act");
    CHECK(failure.error.message.find("secret") == std::string::npos);
    CHECK(failure.said.find("secret") != std::string::npos);
    CHECK(failure.said.starts_with("act: "));
}
