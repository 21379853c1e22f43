#pragma once
// A child process of a test. It ends with its owner, and with the test process whatever happens to that.
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fleet::test {

struct Command {
    std::vector<std::string> words;  // program and arguments; the program is looked up in PATH
    std::map<std::string, std::string> environment{};  // added to ours; an empty value removes the variable
    std::filesystem::path folder{};                    // working folder, ours when empty
    std::filesystem::path output{};  // standard output is appended here; /dev/null when empty
    std::filesystem::path errors{};  // standard error; the same as `output` when empty
    bool input_pipe = false;         // `write_line` reaches the child
    bool output_pipe = false;        // `read_line` reads from the child
};

struct Ended {
    int status = 0;  // exit status, or -1 when a signal ended it
    int by_signal = 0;
};

// Lives in any one thread. The destructor kills with SIGKILL and waits.
class Process {
public:
    Process() = default;
    // Throws std::runtime_error when the program cannot be started.
    explicit Process(Command const& command);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    pid_t pid() const { return pid_; }
    bool running();
    void send(int signal_number);
    void kill_now();  // SIGKILL, and waits
    // Nothing when it still runs after `limit`.
    std::optional<Ended> wait(std::chrono::milliseconds limit);

    bool write_line(std::string const& line);  // false when the child is gone
    // One line without its end; nothing at the end of the output or after `limit`.
    std::optional<std::string> read_line(std::chrono::milliseconds limit);

private:
    void close_pipes();

    pid_t pid_ = -1;
    int to_child_ = -1;
    int from_child_ = -1;
    std::string unread_;
    std::optional<Ended> ended_;
};

struct Output {
    int status = 0;
    std::string out;
    std::string err;
};

// Runs to the end with `input` on standard input. Throws when it takes longer than `limit`.
Output run_command(Command command, std::string const& input = {},
                   std::chrono::milliseconds limit = std::chrono::seconds{30});

// A folder under /tmp that is removed with its owner; short, because paths of unix sockets are limited to 107
// bytes.
class TempFolder {
public:
    TempFolder();
    TempFolder(TempFolder&& other) noexcept : path_{std::exchange(other.path_, {})} {}
    TempFolder& operator=(TempFolder&&) = delete;
    ~TempFolder();
    std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

std::string read_text(std::filesystem::path const& file);  // "" when it does not exist

}  // namespace fleet::test
