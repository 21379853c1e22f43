#include "cli/daemon_start.hpp"

#include "cli/program.hpp"
#include "cli/toml_file.hpp"

#include <fleet/backoff.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>

namespace fleet::cli {
namespace {

constexpr std::chrono::seconds answer_limit{20};
constexpr BackoffLimits knocks{Millis(10), Millis(250)};

struct Output {
    fs::path file;
    int fd = -1;
};

// What fleetd says before its log is open, and when it cannot start.
Output open_output(Context& context) {
    Output output{state_dir(context.settings()) / "fleetd.start", -1};
    std::error_code error;
    fs::create_directories(output.file.parent_path(), error);
    fs::permissions(output.file.parent_path(), fs::perms::owner_all, error);
    output.fd = ::open(output.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (output.fd >= 0) return output;
    refuse(ErrorCode::not_configured,
           fmt::format("{} cannot be written: {}", output.file.string(), std::strerror(errno)),
           "Set FLEET_STATE_DIR to a directory that is yours.");
}

std::string last_line(fs::path const& file) {
    std::ifstream in(file);
    std::string last;
    for (std::string line; std::getline(in, line);) {
        if (line.find_first_not_of(" \t") != std::string::npos) last = line;
    }
    return last;
}

[[noreturn]] void become(std::vector<char*>& arguments, int output) {
    ::setsid();
    int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
}

pid_t spawn(fs::path const& program, std::vector<std::string> flags, int output) {
    std::vector<std::string> words{program.string()};
    words.insert(words.end(), std::make_move_iterator(flags.begin()), std::make_move_iterator(flags.end()));
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = ::fork();
    if (child == 0) become(arguments, output);
    return child;
}

// Its status when the child has ended.
std::optional<int> ended(pid_t child) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) != child) return std::nullopt;
    return status;
}

[[noreturn]] void did_not_start(fs::path const& said, std::string_view how) {
    auto line = last_line(said);
    auto text = line.empty() ? fmt::format("fleetd {}", how) : fmt::format("fleetd {}: {}", how, line);
    refuse(ErrorCode::daemon_away, std::move(text), fmt::format("{} has all it said.", said.string()));
}

void rest() {
    timespec moment{0, 20'000'000};
    ::nanosleep(&moment, nullptr);
}

// A fleetd that was started: the process of ours puts the daemon into the background and ends with 0 when
// that runs, and with another status when there is a daemon already or something is wrong.
class Start {
public:
    Start(pid_t child, fs::path said, Settings const& settings)
        : child_(child),
          said_(std::move(said)),
          pid_file_(socket_path(settings).parent_path() / "fleetd.pid") {}

    fs::path const& said() const { return said_; }
    void look() {
        if (!status_) status_ = ended(child_);
    }
    bool has_failed() const { return status_ && !is_in_background(); }

    // The daemon that is ours; 0: there is none.
    pid_t daemon() {
        for (int looks = 0; looks < 100 && !status_; ++looks) {
            look();
            if (!status_) rest();
        }
        if (!status_) return child_;
        if (!is_in_background()) return 0;
        std::ifstream file(pid_file_);
        pid_t pid = 0;
        file >> pid;
        return pid;
    }

private:
    bool is_in_background() const { return WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0; }

    pid_t child_;
    fs::path said_;
    fs::path pid_file_;
    std::optional<int> status_{};
};

// Knocks until somebody answers, ever more slowly.
void wait_for_answer(Context& context, Start& start) {
    auto give_up = std::chrono::steady_clock::now() + answer_limit;
    Backoff backoff{knocks};
    while (!daemon_answers(context)) {
        start.look();
        if (start.has_failed()) did_not_start(start.said(), "did not start");
        if (std::chrono::steady_clock::now() > give_up) did_not_start(start.said(), "does not answer");
        context.pause(backoff.next(0.5));
    }
}

}  // namespace

bool daemon_answers(Context& context) {
    CallOptions options;
    options.waits_for_daemon = false;
    auto answer = context.try_call("healthz", Json::object(), options);
    if (answer) return true;
    if (answer.error().code == ErrorCode::cancelled) throw ErrorException(answer.error());
    return answer.error().code != ErrorCode::daemon_away;
}

pid_t start_daemon(Context& context, std::vector<std::string> flags) {
    auto program = find_program("fleetd");
    if (!program) {
        refuse(ErrorCode::daemon_away, "fleetd is neither beside this program nor in PATH",
               "Install it, or add it to PATH.");
    }
    Output output = open_output(context);
    pid_t child = spawn(*program, std::move(flags), output.fd);
    ::close(output.fd);
    if (child < 0)
        refuse(ErrorCode::internal, fmt::format("fleetd cannot be started: {}", std::strerror(errno)));

    Start start{child, output.file, context.settings()};
    try {
        wait_for_answer(context, start);
    } catch (ErrorException const&) {
        end_daemon(start.daemon(), Millis(5'000));
        throw;
    }
    return start.daemon();
}

void end_daemon(pid_t daemon, Millis limit) {
    if (daemon <= 0 || ::kill(daemon, SIGTERM) != 0) return;
    auto give_up = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < give_up) {
        if (ended(daemon) || ::kill(daemon, 0) != 0) return;
        rest();
    }
}

}  // namespace fleet::cli
