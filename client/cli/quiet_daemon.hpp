#pragma once
// A fleetd of one command: at a socket that nobody else knows, and gone when the command is.
#include "cli/context.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace fleet::cli {

// A directory of this account's own, with a short path; removed with everything in it.
class ScratchDirectory {
public:
    ScratchDirectory();  // throws not_configured
    ~ScratchDirectory();
    ScratchDirectory(ScratchDirectory const&) = delete;
    ScratchDirectory& operator=(ScratchDirectory const&) = delete;
    std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

class QuietDaemon {
public:
    // Starts it and waits until it answers. `flags` are fleetd's own, stronger than files and environment.
    // The host is the one of `owner`, so its events and locks are those of this machine. Throws daemon_away
    // with what it said when it does not come up, and cancelled.
    QuietDaemon(Context& owner, ScratchDirectory const& scratch, std::vector<std::string> flags);
    ~QuietDaemon();
    QuietDaemon(QuietDaemon const&) = delete;
    QuietDaemon& operator=(QuietDaemon const&) = delete;

    // To call it.
    Context& context() { return *context_; }
    // Calls services.down and waits until it has left. Throws what the server's stop says.
    void down();

private:
    void launch(std::vector<std::string> words);
    bool has_ended();
    void end();

    std::filesystem::path said_;
    std::unique_ptr<Context> context_;
    pid_t child_ = 0;
};

}  // namespace fleet::cli
