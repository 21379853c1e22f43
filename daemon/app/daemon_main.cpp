#include "app/daemon_main.hpp"

#include "app/app.hpp"
#include "app/command_line.hpp"
#include "app/configuration.hpp"
#include "app/notify.hpp"
#include "auth/secrets.hpp"
#include "observe/log.hpp"
#include "services/machine.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <sys/stat.h>
#include <unistd.h>

namespace fleet::app {
namespace {

// Tells whoever waits for the start, and answers the exit code.
int refuse(Starter& starter, bool foreground, Error const& error) {
    auto const line = "fleetd: " + describe(error) + "\n";
    if (foreground) std::fputs(line.c_str(), stderr);
    starter.failed(line, exit_code(error));
    return exit_code(error);
}

std::string own_hostname() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    return name.data();
}

// One daemon per state directory and per socket. The locks are held until the process ends.
struct Locks {
    std::optional<services::FileLock> state;
    std::optional<services::FileLock> pid;
};

Result<void> take(std::optional<services::FileLock>& lock, std::filesystem::path const& file,
                  std::string const& what) {
    auto taken = services::FileLock::try_take(file);
    if (!taken) return taken.error();
    if (!*taken)
        return make_error(ErrorCode::already_running_elsewhere,
                          fmt::format("fleetd runs already (pid {}) with the {} {}",
                                      services::lock_holder(file), what, file.parent_path().string()));
    lock.emplace(*std::move(*taken));
    return {};
}

Result<observe::LogOptions> log_options(Settings const& settings, Places const& places, bool foreground) {
    observe::LogOptions options;
    auto level = observe::parse_level(settings.log_level);
    if (!level) return level.error();
    auto format = observe::parse_log_format(settings.log_format);
    if (!format) return format.error();
    options.level = *level;
    options.format = *format;
    options.file_bytes_max = static_cast<std::uintmax_t>(settings.log_file_bytes_max);
    auto const to_stderr = settings.log_file == "-" || (settings.log_file.empty() && foreground);
    if (!to_stderr) options.file = places.log_file;
    return options;
}

int serve(Settings settings, bool foreground, Starter starter) {
    auto const files = daemon_files(settings, process_environment());
    if (auto made = make_own_directories(files); !made) return refuse(starter, foreground, made.error());
    Locks locks;
    auto locked = take(locks.state, files.state_lock, "state directory");
    if (locked) locked = take(locks.pid, files.shared.pid_file, "runtime directory");
    if (!locked) return refuse(starter, foreground, locked.error());

    auto options = log_options(settings, files.shared, foreground);
    if (!options) return refuse(starter, foreground, options.error());
    if (!foreground) redirect_output(options->file.string());
    auto log = observe::Log::open(*options);
    if (!log) return refuse(starter, foreground, log.error());
    auto host = host_id(files.shared.host_id_file);
    if (!host) return refuse(starter, foreground, host.error());

    AppParts parts{std::move(settings), files, *std::move(host), own_hostname(), {}, **log};
    if (!parts.settings.listen_tcp.empty()) {
        auto token = auth::access_token(files.shared.token_file);
        if (!token) return refuse(starter, foreground, token.error());
        parts.access_token = *std::move(token);
    }
    try {
        App app(std::move(parts));
        return app.run(std::move(starter));
    } catch (std::exception const& bad) {
        (*log)->error("fleetd ends because of a fault", {{"why", bad.what()}});
        return 1;
    }
}

}  // namespace

int daemon_main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    ::umask(022);
    auto read = read_command_line(argc, argv);
    if (auto const* said = std::get_if<Said>(&read)) {
        std::fputs(said->text.c_str(), said->exit_code == 0 ? stdout : stderr);
        return said->exit_code;
    }
    auto const& invocation = std::get<Invocation>(read);
    Starter starter;
    auto const environment = process_environment();
    auto sheet = load_settings(invocation, environment);
    if (!sheet) return refuse(starter, true, sheet.error());
    if (invocation.print_config) {
        std::fputs(sheet->table().c_str(), stdout);
        return 0;
    }
    auto settings = absolute_settings(sheet->values(), environment);
    if (!settings) return refuse(starter, true, settings.error());
    if (!invocation.foreground) {
        auto detached = detach();
        if (!detached) return refuse(starter, true, detached.error());
        starter = *std::move(detached);
    }
    return serve(*std::move(settings), invocation.foreground, std::move(starter));
}

}  // namespace fleet::app
