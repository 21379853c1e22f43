#pragma once
// A program that is spoken to line by line, with an end to every wait.
#include <fleet/time.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace fleet::cli {

// Its group of processes ends with this object at the latest.
class Talk {
public:
    using Clock = std::chrono::steady_clock;

    // No shell is involved. Throws not_configured when there is no pipe or no process to be had.
    Talk(std::vector<std::string> const& words, std::filesystem::path const& folder);
    ~Talk();
    Talk(Talk const&) = delete;
    Talk& operator=(Talk const&) = delete;

    // False when the program does not take it in time or has closed its input.
    bool write(std::string_view text, Clock::time_point until);
    void close_input();
    // The next whole line; none when the time is over or the output has ended.
    std::optional<std::string> line(Clock::time_point until);
    // Everything up to the end of the output, as far as it came in time.
    std::string rest(Clock::time_point until);
    // The exit status once it has ended; 128 + signal, none when it has not ended in time.
    std::optional<int> ended(Clock::time_point until);
    // The last words on its standard error.
    std::string complaint();

private:
    bool take(Clock::time_point until);

    pid_t child_ = -1;
    int in_ = -1;
    int out_ = -1;
    int err_ = -1;
    std::string heard_{};
    std::string said_{};
    std::optional<int> status_{};
};

}  // namespace fleet::cli
