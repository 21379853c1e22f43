#pragma once
// PostgreSQL servers for tests, through server.sh.
#include "support/process.hpp"

#include <string>

namespace fleet::test {

enum class Durability { fast, durable };

class OwnServer;
struct StandbyOf {
    OwnServer const& primary;
};

// A server of its own, for tests that crash it. Stops and removes everything with its owner.
class OwnServer {
public:
    explicit OwnServer(Durability durability);
    // A standby that follows by streaming replication, asynchronously until the primary is told otherwise.
    explicit OwnServer(StandbyOf of);
    ~OwnServer();
    OwnServer(OwnServer const&) = delete;
    OwnServer& operator=(OwnServer const&) = delete;

    std::string const& dsn() const { return dsn_; }  // database postgres, superuser
    void crash();                                    // pg_ctl -m immediate
    void start_again();
    void promote();                                  // of a standby: completes when it can be written
    std::string folder() const;                      // of its socket: `host` of a DSN
    std::string log() const;  // the server's own log

private:
    void script(std::string const& verb, std::string const& more = {});

    TempFolder folder_;
    Durability durability_;
    std::string dsn_;
};

// The server of this run: the one that the ctest fixture started (FLEET_TEST_SERVER names the file with its
// DSN), else one that is started for this process. Ends the process with status 77 (skipped) where PostgreSQL
// is not installed.
std::string const& shared_server();

}  // namespace fleet::test
