#include "net/http.hpp"
#include "net/http_head.hpp"
#include "net/outbox.hpp"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::net;

TEST_CASE("header names compare without regard to case, values lose their blanks", "[unit][net]") {
    Headers headers;
    headers.add("Fleet-As", "  viper-1 ");
    headers.add("Accept", "a");
    headers.add("accept", "b");
    CHECK(headers.get("FLEET-AS") == "viper-1");
    CHECK(headers.count("ACCEPT") == 2);
    headers.set("Accept", "c");
    CHECK(headers.count("accept") == 1);
    CHECK_FALSE(headers.get("Host"));
}

TEST_CASE("a value cannot smuggle in a field of its own", "[unit][net]") {
    HttpResponse response;
    response.headers.set("Location", "/x\r\nSet-Cookie: a=b");
    auto const head = response_head(response, 11, true, "now");
    CHECK(head.find("\r\nSet-Cookie") == std::string::npos);
    CHECK(head.find("Location: /x  Set-Cookie: a=b\r\n") != std::string::npos);
}

TEST_CASE("a head says how long the body is, and how the connection goes on", "[unit][net]") {
    HttpResponse response;
    response.body = "12345";
    CHECK(response_head(response, 11, true, "now").find("Content-Length: 5\r\n") != std::string::npos);
    CHECK(response_head(response, 11, true, "now").find("Connection") == std::string::npos);
    CHECK(response_head(response, 11, false, "now").find("Connection: close") != std::string::npos);
    CHECK(response_head(response, 10, true, "now").find("Connection: keep-alive") != std::string::npos);
    response.stream = [](StreamWriter&) -> asio::awaitable<void> { co_return; };
    CHECK(response_head(response, 11, true, "now").find("Transfer-Encoding: chunked") != std::string::npos);
    CHECK(response_head(response, 10, true, "now").find("Connection: close") != std::string::npos);
    CHECK(response_head(response, 10, true, "now").find("chunked") == std::string::npos);
}

TEST_CASE("every status that the catalogue knows has a reason phrase", "[unit][net]") {
    for (int const status : {200, 201, 204, 400, 401, 403, 404, 405, 406, 408, 409,
                             410, 412, 413, 415, 422, 426, 429, 431, 500, 503, 507})
        CHECK(reason_phrase(status) != "Error");
    CHECK(reason_phrase(202) == "Accepted");
    CHECK(reason_phrase(299) == "OK");
    CHECK(reason_phrase(499) == "Error");
}

TEST_CASE("an error becomes a problem document with its status and Retry-After", "[unit][net]") {
    Error error = make_error(ErrorCode::too_many, "a lot");
    error.retry_after_seconds = 7;
    auto const response = problem_response(error);
    CHECK(response.status == 429);
    CHECK(response.content_type == "application/problem+json");
    CHECK(response.headers.get("Retry-After") == "7");
    CHECK(response.body.find("\"code\":\"too_many\"") != std::string::npos);
}

TEST_CASE("a departure is watched for only when somebody asks, and is said once", "[unit][net]") {
    Departure departure;
    int watched = 0;
    int told = 0;
    departure.watch_with([&] { watched += 1; });
    CHECK(watched == 0);
    departure.then([&] { told += 1; });
    departure.then([&] { told += 10; });
    CHECK(watched == 1);
    departure.say();
    departure.say();
    CHECK(told == 10);
    departure.then([&] { told += 100; });
    CHECK(told == 110);
}

TEST_CASE("a departure that was forgotten tells nobody", "[unit][net]") {
    Departure departure;
    bool told = false;
    departure.then([&] { told = true; });
    departure.forget();
    departure.say();
    CHECK_FALSE(told);
    CHECK(departure.is_gone());
}

TEST_CASE("an outbox takes messages up to its limits, and one of any size when it is empty", "[unit][net]") {
    Outbox outbox(4, 100);
    CHECK(outbox.push(std::string(500, 'x')));
    CHECK_FALSE(outbox.push("y"));
    CHECK(outbox.is_half_full());
    CHECK(outbox.pop().size() == 500);
    CHECK(outbox.empty());
    CHECK(outbox.push("1"));
    CHECK_FALSE(outbox.is_half_full());
    CHECK(outbox.push("2"));
    CHECK(outbox.is_half_full());
    CHECK(outbox.push("3"));
    CHECK(outbox.push("4"));
    CHECK_FALSE(outbox.push("5"));
    CHECK(outbox.pop() == "1");
    outbox.clear();
    CHECK(outbox.empty());
}
