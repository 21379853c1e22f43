#include "cli/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

extern char** environ;

namespace fleet::cli {
namespace {

// Both ends of a pipe; what is still open is closed at the end.
struct Pipe {
    Pipe() {
        if (::pipe2(ends, O_CLOEXEC) != 0) ends[0] = ends[1] = -1;
    }
    ~Pipe() {
        shut(0);
        shut(1);
    }
    Pipe(Pipe const&) = delete;
    void shut(int end) {
        if (ends[end] >= 0) ::close(ends[end]);
        ends[end] = -1;
    }
    int ends[2];
};

std::vector<char*> environment_without(std::vector<std::string> const& names) {
    std::vector<char*> kept;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string_view const text(*entry);
        auto const name = text.substr(0, text.find('='));
        if (std::find(names.begin(), names.end(), name) == names.end()) kept.push_back(*entry);
    }
    kept.push_back(nullptr);
    return kept;
}

void become(std::vector<char*>& arguments, std::vector<char*>& variables, Pipe& in, Pipe& out, Pipe& err) {
    ::dup2(in.ends[0], 0);
    ::dup2(out.ends[1], 1);
    ::dup2(err.ends[1], 2);
    std::signal(SIGPIPE, SIG_DFL);
    ::execvpe(arguments.front(), arguments.data(), variables.data());
    ::_exit(127);
}

// False when the other end is closed.
bool take(int from, std::string& into) {
    std::array<char, 16384> buffer{};
    auto const got = ::read(from, buffer.data(), buffer.size());
    if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0 || (got < 0 && errno == EINTR);
}

// All three at once: a child that waits for its input to be read would wait for ever otherwise.
void talk(Pipe& in, Pipe& out, Pipe& err, std::string_view input, Ran& ran) {
    if (input.empty())
        in.shut(1);
    else
        ::fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
    while (in.ends[1] >= 0 || out.ends[0] >= 0 || err.ends[0] >= 0) {
        pollfd waits[3]{{in.ends[1], POLLOUT, 0}, {out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}};
        if (::poll(waits, 3, -1) < 0 && errno != EINTR) return;
        if (waits[0].revents != 0) {
            auto const put = ::write(in.ends[1], input.data(), input.size());
            if (put > 0) input.remove_prefix(static_cast<std::size_t>(put));
            bool const wants_none = put < 0 && errno != EAGAIN && errno != EINTR;
            if (input.empty() || wants_none) in.shut(1);
        }
        if (waits[1].revents != 0 && !take(out.ends[0], ran.out)) out.shut(0);
        if (waits[2].revents != 0 && !take(err.ends[0], ran.err)) err.shut(0);
    }
}

}  // namespace

Ran run_child(std::vector<std::string> const& command, std::string_view input,
              std::vector<std::string> const& without) {
    Ran ran;
    std::vector<std::string> words = command;
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    auto variables = environment_without(without);
    Pipe in, out, err;
    if (in.ends[0] < 0 || out.ends[0] < 0 || err.ends[0] < 0) return ran;
    pid_t const child = ::fork();
    if (child < 0) return ran;
    if (child == 0) become(arguments, variables, in, out, err);
    in.shut(0);
    out.shut(1);
    err.shut(1);
    talk(in, out, err, input, ran);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ran;
}

}  // namespace fleet::cli
