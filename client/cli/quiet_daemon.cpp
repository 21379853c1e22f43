#include "cli/quiet_daemon.hpp"

#include "cli/daemon_start.hpp"
#include "cli/program.hpp"
#include "cli/toml_file.hpp"

#include <fleet/backoff.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds answer_limit{20};
constexpr std::chrono::seconds end_limit{60};
constexpr Millis down_limit{120'000};

// A second one of this name would be another host.
void copy_host_id(fs::path const& from, fs::path const& to) {
    std::error_code error;
    fs::create_directories(to, error);
    fs::permissions(to, fs::perms::owner_all, error);
    if (fs::exists(from / "host_id", error)) fs::copy_file(from / "host_id", to / "host_id", error);
}

std::string last_words(fs::path const& file) {
    std::ifstream in(file);
    std::string last;
    for (std::string line; std::getline(in, line);)
        if (line.find_first_not_of(" \t") != std::string::npos) last = line;
    return last;
}

[[noreturn]] void become(std::vector<char*>& arguments, fs::path const& said) {
    // It must not outlive the command, and Ctrl-C is for the command.
    ::setsid();
#if defined(__linux__)
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    int const nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    int const output = ::open(said.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
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

}  // namespace

ScratchDirectory::ScratchDirectory() {
    std::string name = (fs::temp_directory_path() / "fleet-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        refuse(ErrorCode::not_configured, fmt::format("{} cannot be made: {}", name, std::strerror(errno)));
    path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code error;
    fs::remove_all(path_, error);
}

QuietDaemon::QuietDaemon(Context& owner, ScratchDirectory const& scratch, std::vector<std::string> flags)
    : said_(scratch.path() / "fleetd.log") {
    auto const program = find_program("fleetd");
    if (!program)
        refuse(ErrorCode::daemon_away, "fleetd is neither beside this program nor in PATH",
               "Install it, or add it to PATH.");
    auto const state = scratch.path() / "state";
    auto const run = scratch.path() / "run";
    copy_host_id(state_dir(owner.settings()), state);
    std::vector<std::string> words{program->string(),   "--foreground",
                                   "--state-dir",       state.string(),
                                   "--runtime-dir",     run.string(),
                                   "--socket",          (run / "fleetd.sock").string(),
                                   "--listen-tcp",      "",
                                   "--log-file",        "-",
                                   "--backup-interval", "0",
                                   "--export-at",       ""};
    words.insert(words.end(), std::make_move_iterator(flags.begin()), std::make_move_iterator(flags.end()));

    Globals globals = owner.globals();
    globals.endpoint = "unix:" + (run / "fleetd.sock").string();
    context_ = std::make_unique<Context>(globals, owner.screen());
    launch(std::move(words));

    auto const give_up = std::chrono::steady_clock::now() + answer_limit;
    Backoff backoff{{Millis(10), Millis(250)}};
    try {
        while (!daemon_answers(*context_)) {
            auto const late = std::chrono::steady_clock::now() > give_up;
            if (has_ended() || late)
                refuse(ErrorCode::daemon_away,
                       fmt::format("fleetd {}: {}", late ? "does not answer" : "did not start",
                                   last_words(said_)));
            context_->pause(backoff.next(0.5));
        }
    } catch (ErrorException const&) {
        end();
        throw;
    }
}

QuietDaemon::~QuietDaemon() {
    end();
}

void QuietDaemon::launch(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    child_ = ::fork();
    if (child_ == 0) become(arguments, said_);
    if (child_ < 0)
        refuse(ErrorCode::internal, fmt::format("fleetd cannot be started: {}", std::strerror(errno)));
}

bool QuietDaemon::has_ended() {
    if (child_ > 0 && ::waitpid(child_, nullptr, WNOHANG) == child_) child_ = 0;
    return child_ == 0;
}

void QuietDaemon::end() {
    auto const give_up = std::chrono::steady_clock::now() + end_limit;
    if (!has_ended()) ::kill(child_, SIGTERM);
    while (!has_ended()) {
        timespec moment{0, 10'000'000};
        ::nanosleep(&moment, nullptr);
        if (std::chrono::steady_clock::now() > give_up) ::kill(child_, SIGKILL);
    }
}

void QuietDaemon::down() {
    CallOptions options;
    options.answer = down_limit;
    context_->call("services.down", Json::object(), options);
    end();
}

}  // namespace fleet::cli
