#include "services/child.hpp"

#include "services/failure.hpp"

#include <fleet/assert.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fleet::services {
namespace {

constexpr Millis poll_without_pidfd{200};

// Where a child failed between fork and exec.
enum class Stage : int { account, directory, parent_gone, exec };
struct NotStarted {
    Stage stage;
    int number;
};

// Everything a child needs, made before the fork: afterwards only async-signal-safe calls are allowed,
// because other threads of the daemon may hold locks.
struct Prepared {
    std::vector<char*> arguments;
    std::vector<char*> environment;
    char const* directory;
    Account const* account;
    int input;
    int output;
    int errors;
    int report;
    bool outlives_us;
    pid_t parent;
};

[[noreturn]] void give_up(int report, Stage stage) {
    NotStarted const why{stage, errno};
    [[maybe_unused]] auto const written = ::write(report, &why, sizeof why);
    ::_exit(127);
}

[[noreturn]] void become(Prepared const& p) {
    if (p.account != nullptr) {
        if (::setgroups(0, nullptr) != 0 ||
            ::setresgid(p.account->gid, p.account->gid, p.account->gid) != 0 ||
            ::setresuid(p.account->uid, p.account->uid, p.account->uid) != 0)
            give_up(p.report, Stage::account);
    }
    ::setsid();  // Ctrl-C in the terminal must not reach it
    if (!p.outlives_us) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after setresuid, which clears it
        if (::getppid() != p.parent) give_up(p.report, Stage::parent_gone);
    }
    if (::chdir(p.directory) != 0) give_up(p.report, Stage::directory);
    ::dup2(p.input, STDIN_FILENO);
    ::dup2(p.output, STDOUT_FILENO);
    ::dup2(p.errors, STDERR_FILENO);
    // Sockets of the daemon must not live on in a server that outlives it. `report` is close-on-exec by
    // itself.
    ::syscall(SYS_close_range, 3U, ~0U, 1U << 2U /* CLOSE_RANGE_CLOEXEC */);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number : {SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGUSR1}) ::signal(number, SIG_DFL);
    ::execve(p.arguments[0], p.arguments.data(), p.environment.data());
    give_up(p.report, Stage::exec);
}

class Pipe {
public:
    Pipe() { is_open_ = ::pipe2(ends_.data(), O_CLOEXEC) == 0; }
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;
    ~Pipe() {
        close(0);
        close(1);
    }
    bool is_open() const { return is_open_; }
    int end(std::size_t i) const { return ends_.at(i); }
    void close(std::size_t i) {
        if (ends_.at(i) >= 0) ::close(std::exchange(ends_.at(i), -1));
    }
    int release(std::size_t i) { return std::exchange(ends_.at(i), -1); }

private:
    std::array<int, 2> ends_{-1, -1};
    bool is_open_ = false;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    for (auto& word : words) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
}

Error not_started(NotStarted why, Command const& command) {
    auto const& program = command.arguments.front();
    switch (why.stage) {
        case Stage::account:
            return system_failure(
                "cannot become the account " + (command.account ? command.account->name : ""), why.number);
        case Stage::directory:
            return system_failure("cannot enter " + command.directory.string(), why.number);
        case Stage::parent_gone:
            return failure(ErrorCode::cancelled, "fleetd ended while it started " + program);
        case Stage::exec: break;
    }
    if (why.number == ENOENT || why.number == EACCES || why.number == ENOEXEC)
        return failure(ErrorCode::binaries_missing, fmt::format("cannot run {} ({})", program,
                                                                system_failure("exec", why.number).message));
    return system_failure("cannot run " + program, why.number);
}

std::optional<asio::posix::stream_descriptor> end_of(asio::any_io_executor const& executor, pid_t pid) {
    auto const descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (descriptor < 0) return std::nullopt;
    return asio::posix::stream_descriptor(executor, descriptor);
}

}  // namespace

Child::Child(asio::any_io_executor executor, pid_t pid, bool is_ours, bool outlives_us)
    : executor_(std::move(executor)),
      pid_(pid),
      is_ours_(is_ours),
      outlives_us_(outlives_us),
      end_(end_of(executor_, pid)) {}

Child::Child(Child&& other) noexcept
    : executor_(other.executor_),
      pid_(std::exchange(other.pid_, -1)),
      is_ours_(other.is_ours_),
      outlives_us_(other.outlives_us_),
      end_(std::move(other.end_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      exit_(other.exit_) {
    other.end_.reset();
}

Child::~Child() {
    if (pid_ < 0 || !is_ours_ || reap() || outlives_us_) return;
    ::kill(-pid_, SIGKILL);  // its whole session: initdb starts postgres itself
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

Result<Child> Child::spawn(asio::any_io_executor executor, Command command) {
    FLEET_ASSERT(!command.arguments.empty(), "a command names a program");
    FLEET_ASSERT(command.input.size() <= 4096, "the input fits into a pipe, so writing it never waits");
    Pipe report;
    Pipe input;
    Pipe said;
    Pipe complained;
    if (!report.is_open() || !input.is_open() || !said.is_open() || !complained.is_open())
        return system_failure("cannot make a pipe", errno);
    auto const target = command.output.empty() ? std::filesystem::path("/dev/null") : command.output;
    auto const output = ::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) return system_failure("cannot write " + target.string(), errno);
    if (command.environment.empty())
        command.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8"};

    Prepared prepared{};
    prepared.arguments = pointers(command.arguments);
    prepared.environment = pointers(command.environment);
    prepared.directory = command.directory.c_str();
    prepared.account = command.account ? &*command.account : nullptr;
    prepared.input = input.end(0);
    prepared.output = command.pipes_output ? said.end(1) : output;
    prepared.errors = command.pipes_errors ? complained.end(1) : prepared.output;
    prepared.report = report.end(1);
    prepared.outlives_us = command.outlives_us;
    prepared.parent = ::getpid();
    auto const pid = ::fork();
    if (pid == 0) become(prepared);
    auto const fork_error = errno;
    ::close(output);
    if (pid < 0) return system_failure("cannot start " + command.arguments.front(), fork_error);

    report.close(1);
    NotStarted why{};
    // Ends at exec, a few milliseconds away: nothing that would hold up the loop.
    auto const got = ::read(report.end(0), &why, sizeof why);
    if (got == static_cast<ssize_t>(sizeof why)) {
        ::waitpid(pid, nullptr, 0);
        return not_started(why, command);
    }
    if (!command.input.empty()) {
        [[maybe_unused]] auto const written =
            ::write(input.end(1), command.input.data(), command.input.size());
    }
    Child child(executor, pid, true, command.outlives_us);
    if (command.pipes_output) child.output_.emplace(executor, said.release(0));
    if (command.pipes_errors) child.errors_.emplace(executor, complained.release(0));
    return child;
}

Result<Child> Child::adopt(asio::any_io_executor executor, pid_t pid) {
    if (::kill(pid, 0) != 0 && errno != EPERM)
        return failure(ErrorCode::not_running, fmt::format("there is no process {}", pid));
    return Child(std::move(executor), pid, false, true);
}

std::optional<Exit> Child::reap() {
    if (exit_) return exit_;
    int status = 0;
    auto const got = is_ours_ ? ::waitpid(pid_, &status, WNOHANG) : -1;
    if (got == pid_) {
        exit_ =
            Exit{WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
        return exit_;
    }
    if (got == 0) return std::nullopt;
    if (end_) {
        pollfd ready{end_->native_handle(), POLLIN, 0};
        if (::poll(&ready, 1, 0) == 1) exit_ = Exit{};
    } else if (::kill(pid_, 0) != 0 && errno == ESRCH) {
        exit_ = Exit{};
    }
    return exit_;
}

asio::awaitable<std::optional<Exit>> Child::wait(Millis limit) {
    using namespace asio::experimental::awaitable_operators;
    auto const deadline = std::chrono::steady_clock::now() + limit;
    asio::steady_timer timer(executor_);
    while (true) {
        if (auto exit = reap()) co_return exit;
        auto const now = std::chrono::steady_clock::now();
        if (now >= deadline) co_return std::nullopt;
        if (end_) {
            timer.expires_at(deadline);
            auto ended = end_->async_wait(asio::posix::descriptor_base::wait_read,
                                          asio::as_tuple(asio::use_awaitable));
            auto late = timer.async_wait(asio::as_tuple(asio::use_awaitable));
            co_await (std::move(ended) || std::move(late));
        } else {
            timer.expires_at(std::min(deadline, now + poll_without_pidfd));
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
}

void Child::signal(int number) const {
    if (end_) {
        // By pidfd: the number may belong to somebody else by now.
        ::syscall(SYS_pidfd_send_signal, const_cast<asio::posix::stream_descriptor&>(*end_).native_handle(),
                  number, nullptr, 0);
        return;
    }
    ::kill(pid_, number);
}

}  // namespace fleet::services
