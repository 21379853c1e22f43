#include "support/server.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace fleet::test {

namespace {

std::string first_line(std::string const& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

OwnServer::OwnServer(Durability durability) : durability_{durability} {
    script("start");
    dsn_ = first_line(read_text(folder_.path() / "dsn"));
}

OwnServer::OwnServer(StandbyOf of) : durability_{of.primary.durability_} {
    script("standby", (of.primary.folder_.path() / "dsn").string());
    dsn_ = first_line(read_text(folder_.path() / "dsn"));
}

OwnServer::~OwnServer() {
    try {
        script("stop");
    } catch (std::exception const& failure) {
        std::cerr << "the test server was not removed: " << failure.what() << "\n";
    }
}

void OwnServer::crash() {
    script("crash");
}
void OwnServer::start_again() {
    script("again");
}

void OwnServer::promote() {
    script("promote");
}

std::string OwnServer::folder() const {
    auto const begin = dsn_.find("host=") + 5;
    return dsn_.substr(begin, dsn_.find(' ', begin) - begin);
}

std::string OwnServer::log() const {
    return read_text(std::filesystem::path{folder()} / "log");
}

void OwnServer::script(std::string const& verb, std::string const& more) {
    Command command{.words = {FLEET_TEST_SERVER_SCRIPT, verb, (folder_.path() / "dsn").string()}};
    if (!more.empty()) command.words.push_back(more);
    command.environment["FLEET_TEST_OWNER"] = std::to_string(::getpid());
    command.environment["FLEET_TEST_DURABLE"] = durability_ == Durability::durable ? "1" : "0";
    auto const output = run_command(command, {}, std::chrono::seconds{90});
    if (output.status == 77) {
        std::cerr << "skipped: " << output.err;
        std::_Exit(77);
    }
    if (output.status != 0) throw std::runtime_error{"server.sh " + verb + ": " + output.err};
}

std::string const& shared_server() {
    static std::string const dsn = [] {
        if (char const* file = std::getenv("FLEET_TEST_SERVER")) {
            auto line = first_line(read_text(file));
            if (!line.empty()) return line;
            std::cerr << "skipped: the test server is not there (" << file << ")\n";
            std::_Exit(std::getenv("FLEET_REQUIRE_PG") == nullptr ? 77 : 1);
        }
        static OwnServer own{Durability::fast};
        return own.dsn();
    }();
    return dsn;
}

}  // namespace fleet::test
