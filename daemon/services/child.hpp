// Other programs, started and waited for without holding up the loop, and without a shell.
#pragma once

#include "services/account.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/readable_pipe.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fleet::services {

namespace asio = boost::asio;

struct Command {
    std::vector<std::string> arguments{};  // [0] is the program's path; PATH is not searched
    std::filesystem::path output{};        // stdout and stderr are appended to it; empty: dropped
    bool pipes_output = false;             // stdout (and stderr, unless piped itself) is for `Child::output`
    bool pipes_errors = false;             // stderr is for `Child::errors`
    std::vector<std::string> environment{};  // "NAME=value"; empty: PATH, LANG and LC_ALL alone
    std::string input{};                     // given on stdin, at most 4096 bytes
    std::optional<Account> account{};        // run as; needs root
    std::filesystem::path directory{"/"};
    bool outlives_us = false;  // a session of its own, and it stays when we end
};

// `code` is -1 when a signal ended it, or when it was not our child and so nobody tells.
struct Exit {
    int code = -1;
    int signal = 0;
};

// A program that runs. Lives on the loop thread. The destructor kills a child that does not outlive us, and
// waits for its end (which SIGKILL makes prompt).
class Child {
public:
    // Errors: binaries_missing when the program is not there, not_configured when the account cannot be
    // taken.
    static Result<Child> spawn(asio::any_io_executor executor, Command command);
    // A process that somebody else started (an earlier daemon). Errors: not_running.
    static Result<Child> adopt(asio::any_io_executor executor, pid_t pid);

    Child(Child&&) noexcept;
    Child& operator=(Child&&) = delete;
    ~Child();

    pid_t pid() const { return pid_; }
    // Empty when it still runs at the limit. Several may wait.
    asio::awaitable<std::optional<Exit>> wait(Millis limit);
    void signal(int number) const;
    bool has_ended() { return reap().has_value(); }
    // What it says, when the command asked for that; to be read by one coroutine at a time.
    asio::readable_pipe& output() { return *output_; }
    asio::readable_pipe& errors() { return *errors_; }

private:
    Child(asio::any_io_executor executor, pid_t pid, bool is_ours, bool outlives_us);
    std::optional<Exit> reap();

    asio::any_io_executor executor_;
    pid_t pid_;
    bool is_ours_;  // we are its parent and have to reap it
    bool outlives_us_;
    std::optional<asio::posix::stream_descriptor>
        end_;  // readable when it has ended (pidfd); empty on old kernels
    std::optional<asio::readable_pipe> output_{};
    std::optional<asio::readable_pipe> errors_{};
    std::optional<Exit> exit_;
};

}  // namespace fleet::services
