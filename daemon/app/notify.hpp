// Telling whoever started us how we are: systemd, or the foreground half of a daemon that detached.
#pragma once

#include <fleet/result.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace fleet::app {

// sd_notify(3) without the library: one datagram to $NOTIFY_SOCKET. Nothing happens where there is none.
void sd_notify(std::string_view state);

// The half that goes on after `detach`. It tells the waiting one how the start went, exactly once.
class Starter {
public:
    Starter() = default;
    explicit Starter(int descriptor) : descriptor_(descriptor) {}
    Starter(Starter&& other) noexcept;
    Starter& operator=(Starter&& other) noexcept;
    ~Starter();

    // The waiting half ends with 0.
    void ready();
    // The waiting half prints `line` and ends with `exit_code`.
    void failed(std::string const& line, int exit_code);

private:
    int descriptor_ = -1;  // -1: nobody waits
};

// Leaves terminal, session and working directory: returns in the new process. In the old one the function
// does not return: it waits until the new one says how it went, and ends with that exit code. Call it before
// any thread is started. Errors: internal.
Result<Starter> detach();

// Sends stdout and stderr of a detached daemon to `file` (or nowhere), so that the last words of a crash are
// kept.
void redirect_output(std::string const& file);

}  // namespace fleet::app
