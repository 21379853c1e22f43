#include "cli/setup/talk.hpp"

#include <fleet/error.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

namespace fleet::cli {
namespace {

constexpr std::size_t words_max = 256 * 1024;

int left_of(Talk::Clock::time_point until) {
    auto const left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Talk::Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
}

[[noreturn]] void become(std::vector<char*>& words, std::filesystem::path const& folder, int in, int out,
                         int err) {
    ::setpgid(0, 0);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::signal(SIGPIPE, SIG_DFL);
    if (::chdir(folder.c_str()) == 0) ::execvp(words.front(), words.data());
    auto const why = fmt::format("{}: {}\n", words.front(), std::strerror(errno));
    [[maybe_unused]] auto const wrote = ::write(2, why.data(), why.size());
    ::_exit(127);
}

}  // namespace

Talk::Talk(std::vector<std::string> const& words, std::filesystem::path const& folder) {
    std::vector<std::string> copies = words;
    std::vector<char*> arguments;
    for (auto& word : copies) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::array<std::array<int, 2>, 3> pipes{{{-1, -1}, {-1, -1}, {-1, -1}}};
    bool good = true;
    for (auto& one : pipes) good = good && ::pipe2(one.data(), O_CLOEXEC) == 0;
    child_ = good ? ::fork() : -1;
    if (child_ == 0) become(arguments, folder, pipes[0][0], pipes[1][1], pipes[2][1]);
    in_ = pipes[0][1];
    out_ = pipes[1][0];
    err_ = pipes[2][0];
    for (int* theirs : {pipes[0].data(), pipes[1].data() + 1, pipes[2].data() + 1}) close_end(*theirs);
    if (child_ < 0) {
        for (int* ours : {&in_, &out_, &err_}) close_end(*ours);
        throw ErrorException(make_error(ErrorCode::not_configured,
                                        fmt::format("no process can be started: {}", std::strerror(errno))));
    }
    for (int const end : {in_, out_, err_}) ::fcntl(end, F_SETFL, ::fcntl(end, F_GETFL) | O_NONBLOCK);
}

Talk::~Talk() {
    close_input();
    // A pid that was waited for may belong to somebody else by now.
    if (!status_) {
        ::kill(-child_, SIGKILL);
        int status = 0;
        ::waitpid(child_, &status, 0);
    }
    close_end(out_);
    close_end(err_);
}

void Talk::close_input() {
    close_end(in_);
}

bool Talk::write(std::string_view text, Clock::time_point until) {
    while (!text.empty() && in_ >= 0) {
        pollfd one{.fd = in_, .events = POLLOUT, .revents = 0};
        if (::poll(&one, 1, left_of(until)) <= 0) return false;
        auto const wrote = ::write(in_, text.data(), text.size());
        if (wrote < 0 && errno != EAGAIN && errno != EINTR) return false;
        if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return text.empty();
}

// More of what it says; false when the output has ended or the time is over.
bool Talk::take(Clock::time_point until) {
    std::array<pollfd, 2> ends{
        {{.fd = out_, .events = POLLIN, .revents = 0}, {.fd = err_, .events = POLLIN, .revents = 0}}};
    if (::poll(ends.data(), ends.size(), left_of(until)) <= 0) return false;
    std::array<char, 8192> buffer{};
    if (ends[1].revents != 0) {
        auto const got = ::read(err_, buffer.data(), buffer.size());
        if (got > 0 && said_.size() < words_max) said_.append(buffer.data(), static_cast<std::size_t>(got));
        if (got == 0) close_end(err_);
    }
    if (ends[0].revents == 0) return true;
    auto const got = ::read(out_, buffer.data(), buffer.size());
    if (got > 0) heard_.append(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0) close_end(out_);
    return got > 0 ? heard_.size() < words_max * 16 : got < 0 && (errno == EAGAIN || errno == EINTR);
}

std::optional<std::string> Talk::line(Clock::time_point until) {
    while (true) {
        if (auto const end = heard_.find('\n'); end != std::string::npos) {
            auto text = heard_.substr(0, end);
            heard_.erase(0, end + 1);
            return text;
        }
        if (out_ < 0 || !take(until)) return std::nullopt;
    }
}

std::string Talk::rest(Clock::time_point until) {
    while (out_ >= 0 && take(until)) {
    }
    return std::exchange(heard_, {});
}

std::optional<int> Talk::ended(Clock::time_point until) {
    while (!status_) {
        int status = 0;
        if (::waitpid(child_, &status, WNOHANG) == child_)
            status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        else if (Clock::now() >= until)
            return std::nullopt;
        else
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return status_;
}

std::string Talk::complaint() {
    auto const soon = Clock::now() + std::chrono::milliseconds(50);
    while (err_ >= 0 && out_ >= 0 && take(soon)) {
    }
    auto text = said_;
    while (text.ends_with('\n')) text.pop_back();
    auto const line = text.rfind('\n');
    return line == std::string::npos ? text : text.substr(line + 1);
}

}  // namespace fleet::cli
