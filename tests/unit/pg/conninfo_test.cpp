#include "pg/conninfo.hpp"
#include "pg/statement.hpp"

#include <catch2/catch.hpp>

using namespace fleet::pg;

namespace {

bool has(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("our name and keep-alive times join the DSN, and the DSN wins over the times", "[pg][conninfo]") {
    SessionSettings settings;
    settings.application_name = "fleetd/h/writer";
    auto const text =
        conninfo("postgresql://me@db:7000/fleet?keepalives_idle=77&application_name=x", settings);
    CHECK(has(text, "host='db'"));
    CHECK(has(text, "port='7000'"));
    CHECK(has(text, "keepalives_idle='77'"));
    CHECK(has(text, "keepalives_interval='3'"));
    CHECK(has(text, "tcp_user_timeout='10000'"));
    CHECK(has(text, "connect_timeout='5'"));
    CHECK(has(text, "application_name='fleetd/h/writer'"));
}

TEST_CASE("when the network counts as cut is ours to say, and the DSN's more so", "[pg][conninfo]") {
    SessionSettings settings;
    settings.tcp_user_timeout = fleet::Millis(2'500);
    CHECK(has(conninfo("host=a", settings), "tcp_user_timeout='2500'"));
    CHECK(has(conninfo("host=a tcp_user_timeout=70", settings), "tcp_user_timeout='70'"));
}

TEST_CASE("several hosts stay several, and a quote in a password is carried over", "[pg][conninfo]") {
    auto const text =
        conninfo("host=a,b port=1,2 target_session_attrs=read-write password='it\\'s'", SessionSettings{});
    CHECK(has(text, "password='it\\'s'"));
    CHECK(has(text, "host='a,b'"));
    CHECK(has(text, "target_session_attrs='read-write'"));
}

TEST_CASE("of several servers the one that can be written is asked for, unless the DSN says otherwise",
          "[pg][conninfo]") {
    CHECK(has(conninfo("host=a,b", SessionSettings{}), "target_session_attrs='read-write'"));
    CHECK(has(conninfo("host=a,b target_session_attrs=any", SessionSettings{}),
              "target_session_attrs='any'"));
    CHECK_FALSE(has(conninfo("host=a", SessionSettings{}), "read-write"));
}

TEST_CASE("a DSN that cannot be read is not repeated in the message", "[pg][conninfo]") {
    try {
        conninfo("password=secret nonsense", SessionSettings{});
        FAIL("was taken");
    } catch (Failed const& failed) {
        CHECK(failed.failure().error.code == fleet::ErrorCode::not_configured);
        CHECK_FALSE(has(failed.failure().error.message, "secret"));
        CHECK_FALSE(has(failed.failure().said, "secret"));
    }
}

TEST_CASE("a statement is found by its name, at compile time and later", "[pg][statement]") {
    CHECK(stmt<"act">.text.find("fleet.act") != std::string_view::npos);
    REQUIRE(find_statement("read_log"));
    CHECK(find_statement("read_log") == &stmt<"read_log">);
    CHECK(find_statement("no_such") == nullptr);
}
