#include "direct/servers.hpp"

#include <catch2/catch.hpp>

using namespace fleet::direct;

TEST_CASE("a DSN with one server, or one that cannot be read, stays as it is", "[unit][direct]") {
    for (std::string const dsn :
         {"host=/run/pg dbname=fleet", "postgresql://u:p@db.example/fleet", "nonsense", ""})
        CHECK(servers_of(dsn) == std::vector<std::string>{dsn});
}

TEST_CASE("several servers are tried one by one, for the one that can be written", "[unit][direct]") {
    auto const servers = servers_of("postgresql://u:it's@a:5432,b:5433/fleet");
    REQUIRE(servers.size() == 2);
    CHECK(servers[0] ==
          "dbname='fleet' host='a' password='it\\'s' port='5432' "
          "target_session_attrs='read-write' user='u' ");
    CHECK(servers[1].find("host='b'") != std::string::npos);
    CHECK(servers[1].find("port='5433'") != std::string::npos);
}

TEST_CASE("one port may stand for all servers, and what the DSN asks of them is kept", "[unit][direct]") {
    auto const servers = servers_of("host=a,b,c port=6000 target_session_attrs=any");
    REQUIRE(servers.size() == 3);
    CHECK(servers[2].find("host='c' port='6000' target_session_attrs='any'") != std::string::npos);
    CHECK(servers_of("host=a,b target_session_attrs=prefer-standby").size() == 1);
    CHECK(servers_of("host=a,b,c port=1,2").size() == 1);
}
