// What HTTP promises of every entity: an address, a version, methods that fit, and where a mistake lies.
#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"

using namespace fleet;
using namespace fleet::test;

namespace {

struct House {
    Database database = fresh_database();
    DaemonProcess daemon{DaemonOptions{.dsn = database.dsn()}};

    House() {
        daemon.wait_ready();
        REQUIRE(post("/projects", Json{{"key", "shop"}}, {}).status == 201);
        Json const pilot{{"callsign", "viper-1"}, {"program", "t"}, {"model", "m"}};
        REQUIRE(post("/pilots", pilot, as("")).status == 201);
    }
    static HttpHeaders as(std::string const& callsign, HttpHeaders more = {}) {
        more["Fleet-Project"] = "shop";
        if (!callsign.empty()) more["Fleet-As"] = callsign;
        return more;
    }
    HttpAnswer post(std::string const& path, Json const& body, HttpHeaders const& headers) {
        return daemon.call("POST", "/api/v1" + path, body, headers);
    }
};

}  // namespace

TEST_CASE("a list of what cannot be is refused, not answered with an empty page", "[integration][http]") {
    House house;
    auto const refused = [&](std::string const& target, HttpHeaders const& headers = House::as("")) {
        auto const answer = house.daemon.call("GET", "/api/v1" + target, nullptr, headers);
        auto const body = answer.json();
        return std::to_string(answer.status) + " " + answer.code() + " " + text_or(body, "field", "");
    };
    CHECK(refused("/sorties?status=done") == "422 invalid_field /status");
    CHECK(refused("/missions?status=open,running") == "422 invalid_field /status");
    CHECK(refused("/pilots?status=awake") == "422 invalid_field /status");
    CHECK(refused("/events?type=sortie_begun") == "422 invalid_field /type");
    CHECK(refused("/events/stream?type=sortie_begun") == "422 invalid_field /type");
    auto const fine = "/api/v1/sorties?status=open,%20completed";
    CHECK(house.daemon.call("GET", fine, nullptr, House::as("")).status == 200);

    CHECK(refused("/sorties?project=nowhere", {}) == "404 not_found /project");
    CHECK(refused("/board?project=nowhere", {}) == "404 not_found /project");
    CHECK(refused("/history/log?project=nowhere", {}) == "404 not_found /project");
    CHECK(refused("/events", {{"Fleet-Project", "nowhere"}}) == "404 not_found /project");
    CHECK(house.daemon.call("GET", "/api/v1/sorties", nullptr, House::as("")).json()["items"].empty());
}

TEST_CASE("a cursor can be dropped, once", "[integration][http]") {
    House house;
    auto const cursor = [&](std::string const& method, Json const& body = nullptr) {
        return house.daemon.call(method, "/api/v1/cursors/ci%20runner", body, House::as("viper-1"));
    };
    CHECK(cursor("DELETE").code() == "not_found");
    REQUIRE(cursor("POST", Json{{"seq", 1}}).status == 200);
    auto const dropped = cursor("DELETE");
    CHECK(dropped.status == 200);
    CHECK(dropped.json() == Json{{"dropped", true}, {"name", "ci runner"}});
    CHECK(cursor("GET").status == 404);
    CHECK(cursor("DELETE").status == 404);
}

TEST_CASE("what is made says where it is, and an older version of it is not changed",
          "[integration][http]") {
    House house;
    auto const made = house.post("/missions", Json{{"title", "Ship"}, {"metadata", {{"ticket", 7}}}},
                                 House::as("viper-1"));
    REQUIRE(made.status == 201);
    auto const address = made.headers.at("location");
    CHECK(address == "/api/v1/missions/" + made.json()["mission_id"].get<std::string>());
    auto const shown = house.daemon.call("GET", address, nullptr, House::as(""));
    CHECK(shown.headers.at("etag") == made.headers.at("etag"));
    CHECK(shown.json()["metadata"]["ticket"] == 7);

    auto const rename = [&](std::string const& etag) {
        return house.daemon.call("PATCH", address, Json{{"title", "Ship it"}},
                                 House::as("viper-1", {{"If-Match", etag}}));
    };
    auto const changed = rename(made.headers.at("etag"));
    CHECK(changed.status == 200);
    CHECK(changed.headers.at("etag") != made.headers.at("etag"));
    auto const late = rename(made.headers.at("etag"));
    CHECK(late.status == 412);
    CHECK(late.code() == "if_match_failed");
    CHECK(rename("*").status == 200);

    auto const gone = house.daemon.call("DELETE", address, nullptr, House::as("viper-1"));
    CHECK(gone.json()["status"] == "cancelled");
    CHECK(house.daemon.call("GET", address, nullptr, House::as("")).json()["status"] == "cancelled");
    CHECK(house.daemon.call("PUT", address).headers.at("allow") == "DELETE, GET, PATCH");
    auto const wrong = house.post("/sorties", Json{{"title", "t"}, {"depends_on", {{{"mode", "success"}}}}},
                                  House::as("viper-1"));
    CHECK(wrong.status == 422);
    CHECK(wrong.json()["field"] == "/depends_on/0/id");
}
