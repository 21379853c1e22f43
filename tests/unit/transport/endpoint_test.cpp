#include "transport/endpoint.hpp"
#include "support/catch.hpp"

using namespace fleet;
using namespace fleet::transport;
using fleet::test::code_of;
using fleet::test::must;

TEST_CASE("a unix socket is named by its path, with or without the scheme", "[unit][transport]") {
    for (auto text : {"/run/fleetd.sock", "unix:/run/fleetd.sock", "unix:///run/fleetd.sock"}) {
        auto endpoint = must(parse_endpoint(text));
        CHECK(endpoint.path == "/run/fleetd.sock");
        CHECK(endpoint.text() == "unix:/run/fleetd.sock");
        CHECK(endpoint.authority() == "fleetd");
    }
}

TEST_CASE("a TCP endpoint has a host and a port, and IPv6 keeps its brackets", "[unit][transport]") {
    for (auto text : {"http://localhost:7433", "http://localhost:7433/", "tcp:localhost:7433",
                      "tcp://localhost:7433", "localhost:7433"}) {
        auto endpoint = must(parse_endpoint(text));
        CHECK_FALSE(endpoint.is_unix());
        CHECK(endpoint.text() == "http://localhost:7433");
    }
    auto v6 = must(parse_endpoint("http://[::1]:80"));
    CHECK(v6.host == "::1");
    CHECK(v6.authority() == "[::1]:80");
}

TEST_CASE("an address that cannot be one is refused with the next step", "[unit][transport]") {
    for (auto text : {"", "localhost", "http://localhost", "http://:80", "http://a b:80", "unix:relative",
                      "host:port", "host:123456", "http://user@host:80"}) {
        CHECK(code_of(parse_endpoint(text)) == "usage");
    }
    CHECK(code_of(parse_endpoint("/" + std::string(200, 'x'))) == "usage");
    auto tls = parse_endpoint("https://host:443");
    REQUIRE(tls.has_error());
    CHECK(tls.error().message.find("TLS") != std::string::npos);
}

TEST_CASE("a segment of a path keeps only unreserved characters", "[unit][transport]") {
    CHECK(encode_segment("github.com/acme/shop") == "github.com%2Facme%2Fshop");
    CHECK(encode_segment("a-b_c.d~e 1%") == "a-b_c.d~e%201%25");
    CHECK(encode_segment("ü") == "%C3%BC");
}
