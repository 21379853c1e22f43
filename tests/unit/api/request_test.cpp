#include "api/request.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace fleet;
using fleet::test::code_of;
using fleet::test::must;

namespace {

std::string header_of(transport::HttpRequest const& request, std::string const& name) {
    for (auto const& header : request.headers) {
        if (header.name == name) return header.value;
    }
    return {};
}

Operation const& operation(std::string_view name) {
    auto const* found = find_operation(name);
    REQUIRE(found != nullptr);
    return *found;
}

transport::HttpAnswer answer(int status, std::string body) {
    return {status, {}, std::move(body)};
}

}  // namespace

TEST_CASE("a read puts its arguments into path and query", "[unit][api]") {
    auto request = must(make_request(operation("projects.show"), {{"key", "github.com/acme/shop"}}, {}));
    CHECK(request.method == "GET");
    CHECK(request.target == "/api/v1/projects/github.com%2Facme%2Fshop");
    CHECK(request.body.empty());
    CHECK(header_of(request, "Idempotency-Key").empty());

    auto list = must(make_request(operation("pilots.list"),
                                  {{"limit", 5}, {"status", {"idle", "stale"}}, {"host", nullptr}}, {}));
    CHECK(list.target == "/api/v1/pilots?limit=5&status=idle%2Cstale");
}

TEST_CASE("a write carries a body, a fresh idempotency key and the fence", "[unit][api]") {
    CallOptions options;
    options.fence = Fence{"rsv_1", 12};
    Json args{{"reservation_id", "rsv_1"}, {"ttl_seconds", 60}};
    auto request = must(make_request(operation("reservations.extend"), args, options));
    CHECK(request.method == "POST");
    CHECK(request.target == "/api/v1/reservations/rsv_1/extend");
    CHECK(request.body == R"({"ttl_seconds":60})");
    CHECK(header_of(request, "Fleet-Fence") == "reservation/rsv_1/12");
    auto other = must(make_request(operation("reservations.extend"), args, options));
    CHECK_FALSE(header_of(request, "Idempotency-Key").empty());
    CHECK(header_of(request, "Idempotency-Key") != header_of(other, "Idempotency-Key"));
}

TEST_CASE("a key that the caller drew is used", "[unit][api]") {
    CallOptions options;
    options.idempotency_key = "mine";
    auto request = must(make_request(operation("projects.register"), {{"key", "demo"}}, options));
    CHECK(header_of(request, "Idempotency-Key") == "mine");
}

TEST_CASE("a missing path parameter is named", "[unit][api]") {
    auto request = make_request(operation("pilots.beat"), Json::object(), {});
    REQUIRE(code_of(request) == "invalid_field");
    CHECK(request.error().field == "/callsign");
    CHECK(code_of(make_request(operation("pilots.beat"), {{"callsign", ""}}, {})) == "invalid_field");
    CHECK(code_of(make_request(operation("subscribe"), nullptr, {})) == "not_found");
}

TEST_CASE("an answer is its document, the problem it holds, or a fault", "[unit][api]") {
    CHECK(must(document_of(answer(200, R"({"a":1})"))) == Json{{"a", 1}});
    CHECK(must(document_of(answer(204, ""))) == Json::object());
    auto held =
        document_of(answer(409, R"({"code":"reservation_held","detail":"viper-1 holds it","status":409})"));
    REQUIRE(code_of(held) == "reservation_held");
    CHECK(held.error().message == "viper-1 holds it");
    CHECK(code_of(document_of(answer(502, "<html>"))) == "internal");
    CHECK(code_of(document_of(answer(200, "{"))) == "internal");
}
