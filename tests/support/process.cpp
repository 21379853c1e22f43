#include "support/process.hpp"

#include "support/eventually.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fleet::test {

namespace {

[[noreturn]] void fail(std::string const& what) {
    throw std::runtime_error{what + ": " + std::strerror(errno)};
}

struct Pipe {
    int read_end = -1;
    int write_end = -1;
};

Pipe make_pipe(bool wanted) {
    if (!wanted) return {};
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
    return {.read_end = ends[0], .write_end = ends[1]};
}

int open_or_null(std::filesystem::path const& file) {
    if (file.empty()) return ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

// Runs in the child between fork and exec: only calls that are safe there.
[[noreturn]] void become(Command const& command, char** words, char** environment, int in, int out, int err) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    ::signal(SIGPIPE, SIG_DFL);
    if (in >= 0) ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    if (!command.folder.empty() && ::chdir(command.folder.c_str()) != 0) ::_exit(126);
    ::execvpe(words[0], words, environment);
    ::_exit(127);
}

std::vector<std::string> environment_of(Command const& command) {
    std::map<std::string, std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string const text{*entry};
        auto const equals = text.find('=');
        if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
    }
    for (auto const& [name, value] : command.environment) {
        if (value.empty())
            all.erase(name);
        else
            all[name] = value;
    }
    std::vector<std::string> lines;
    for (auto const& [name, value] : all) lines.push_back(name + "=" + value);
    return lines;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

}  // namespace

Process::Process(Command const& command) {
    auto words = command.words;
    auto environment = environment_of(command);
    auto word_pointers = pointers(words);
    auto environment_pointers = pointers(environment);
    auto const input = make_pipe(command.input_pipe);
    auto const output = make_pipe(command.output_pipe);
    int const null_input = command.input_pipe ? -1 : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    int const out = command.output_pipe ? output.write_end : open_or_null(command.output);
    int const err = command.errors.empty() && !command.output_pipe ? out : open_or_null(command.errors);
    if (out < 0 || err < 0) fail("cannot open the output of " + words.front());

    pid_ = ::fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
        int const in = command.input_pipe ? input.read_end : null_input;
        become(command, word_pointers.data(), environment_pointers.data(), in, out, err);
    }
    ::setpgid(pid_, pid_);
    if (null_input >= 0) ::close(null_input);
    if (input.read_end >= 0) ::close(input.read_end);
    if (err != out) ::close(err);
    ::close(out);
    to_child_ = input.write_end;
    from_child_ = output.read_end;
    // A child that is gone must be an error of write, not the end of the test.
    ::signal(SIGPIPE, SIG_IGN);
}

Process::Process(Process&& other) noexcept {
    *this = std::move(other);
}

Process& Process::operator=(Process&& other) noexcept {
    if (this == &other) return *this;
    kill_now();
    close_pipes();
    pid_ = std::exchange(other.pid_, -1);
    to_child_ = std::exchange(other.to_child_, -1);
    from_child_ = std::exchange(other.from_child_, -1);
    unread_ = std::move(other.unread_);
    ended_ = std::exchange(other.ended_, std::nullopt);
    return *this;
}

Process::~Process() {
    kill_now();
    close_pipes();
}

void Process::close_pipes() {
    if (to_child_ >= 0) ::close(std::exchange(to_child_, -1));
    if (from_child_ >= 0) ::close(std::exchange(from_child_, -1));
}

bool Process::running() {
    return pid_ > 0 && !wait(std::chrono::milliseconds{0}).has_value();
}

void Process::send(int signal_number) {
    if (running()) ::kill(pid_, signal_number);
}

void Process::kill_now() {
    if (pid_ <= 0 || ended_) return;
    ::kill(pid_, SIGKILL);
    ::kill(pid_, SIGCONT);
    wait(std::chrono::seconds{10});
}

std::optional<Ended> Process::wait(std::chrono::milliseconds limit) {
    if (pid_ <= 0) return Ended{};
    auto const reaped = [this] {
        if (ended_) return true;
        int state = 0;
        if (::waitpid(pid_, &state, WNOHANG) != pid_) return false;
        ended_ = Ended{.status = WIFEXITED(state) ? WEXITSTATUS(state) : -1,
                       .by_signal = WIFSIGNALED(state) ? WTERMSIG(state) : 0};
        return true;
    };
    if (!eventually(reaped, limit)) return std::nullopt;
    return ended_;
}

bool Process::write_line(std::string const& line) {
    std::string const text = line + "\n";
    std::size_t sent = 0;
    while (sent < text.size()) {
        auto const count = ::write(to_child_, text.data() + sent, text.size() - sent);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        sent += static_cast<std::size_t>(count);
    }
    return true;
}

std::optional<std::string> Process::read_line(std::chrono::milliseconds limit) {
    auto const deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (auto const end = unread_.find('\n'); end != std::string::npos) {
            auto line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd waiting{.fd = from_child_, .events = POLLIN, .revents = 0};
        auto const ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return std::nullopt;
        std::array<char, 16384> block{};
        auto const count = ::read(from_child_, block.data(), block.size());
        if (count <= 0) return std::nullopt;
        unread_.append(block.data(), static_cast<std::size_t>(count));
    }
}

TempFolder::TempFolder() {
    std::string name = "/tmp/fleet-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) fail("mkdtemp");
    path_ = name;
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    if (!path_.empty() && std::getenv("FLEET_TEST_KEEP") == nullptr)
        std::filesystem::remove_all(path_, ignored);
}

std::string read_text(std::filesystem::path const& file) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

Output run_command(Command command, std::string const& input, std::chrono::milliseconds limit) {
    TempFolder const folder;
    command.output = folder.path() / "out";
    command.errors = folder.path() / "err";
    command.output_pipe = false;
    if (!input.empty()) {
        auto const file = folder.path() / "in";
        std::ofstream{file, std::ios::binary} << input;
        // The shell only connects the file; "$@" is the command word for word.
        std::vector<std::string> wrapped{"sh", "-c", "exec \"$@\" <\"$0\"", file.string()};
        wrapped.insert(wrapped.end(), command.words.begin(), command.words.end());
        command.words = std::move(wrapped);
    }
    Process process{command};
    auto const ended = process.wait(limit);
    if (!ended) {
        throw std::runtime_error{command.words.front() + " did not end within " +
                                 std::to_string(limit.count()) +
                                 " ms; it wrote: " + read_text(command.output) + read_text(command.errors)};
    }
    return {.status = ended->status, .out = read_text(command.output), .err = read_text(command.errors)};
}

}  // namespace fleet::test
