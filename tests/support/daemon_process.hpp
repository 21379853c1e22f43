#pragma once
// A real fleetd with folders of its own: a host of its own, as far as the fleet can tell.
#include "support/http.hpp"
#include "support/process.hpp"

#include <signal.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace fleet::test {

struct DaemonOptions {
    std::string dsn{};                                 // provider `external`
    std::map<std::string, std::string> environment{};  // FLEET_… settings on top
    std::string program{};                             // empty: the fleetd of this build tree
};

// Started by the constructor, not yet ready. The folders live as long as the object: a daemon that is started
// again is the same host. The destructor kills it.
class DaemonProcess {
public:
    explicit DaemonProcess(DaemonOptions options);

    void start();  // after `kill_now` or `terminate`
    // Throws with the tail of the log when /readyz does not answer 200 in time, or the daemon ends.
    void wait_ready(std::chrono::milliseconds limit = std::chrono::seconds{20});
    bool is_ready();
    void kill_now() { process_.kill_now(); }  // SIGKILL
    void freeze() { process_.send(SIGSTOP); }
    void thaw() { process_.send(SIGCONT); }
    // SIGTERM; the exit status. Throws when it does not end within `limit`.
    int terminate(std::chrono::milliseconds limit = std::chrono::seconds{30});
    // The exit status of a daemon that ends by itself; nothing when it still runs after `limit`.
    std::optional<int> ended_within(std::chrono::milliseconds limit);
    bool running() { return process_.running(); }
    pid_t pid() const { return process_.pid(); }

    std::string socket() const;
    std::filesystem::path state_folder() const { return folder_.path() / "state"; }
    std::filesystem::path runtime_folder() const { return folder_.path() / "run"; }
    std::string log() const;                                 // standard output and error
    std::map<std::string, std::string> environment() const;  // for a `fleet` that talks to this daemon

    HttpAnswer call(std::string const& method, std::string const& target, Json const& body = nullptr,
                    HttpHeaders const& headers = {},
                    std::chrono::milliseconds limit = std::chrono::seconds{10});

private:
    DaemonOptions options_;
    TempFolder folder_;
    Process process_;
};

}  // namespace fleet::test
