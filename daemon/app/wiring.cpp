// Options of the parts, from the settings.
#include "app/app.hpp"
#include "app/probe.hpp"
#include "services/choice.hpp"
#include "services/external.hpp"
#include "services/native.hpp"
#include "services/podman.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include <unistd.h>

namespace fleet::app {

namespace {

std::string of_environment(char const* name) {
    auto const* value = std::getenv(name);
    return value == nullptr ? std::string{} : std::string{value};
}

services::NativeOptions native_options(AppParts const& parts) {
    auto const& settings = parts.settings;
    services::NativeOptions options;
    options.paths.root = parts.files.cluster;
    options.socket_directories = {std::filesystem::path(parts.files.shared.runtime_dir) / "pg"};
    options.places.configured = settings.postgres_bin_dir;
    options.places.path = of_environment("PATH");
    options.run_as = settings.run_as;
    options.port = static_cast<int>(settings.postgres_port);
    options.shared_buffers_bytes = settings.postgres_memory;
    options.start_limit = settings.postgres_start_timeout;
    options.stop_limit = settings.postgres_stop_timeout;
    options.keeps_wal = settings.wal_archive == "on";
    options.archive_timeout = settings.wal_archive_timeout;
    return options;
}

services::PodmanOptions podman_options(AppParts const& parts) {
    auto const& settings = parts.settings;
    services::PodmanOptions options;
    // A container that a move has made beside another one has its files beside the other's.
    std::filesystem::path const data = parts.files.shared.data_dir;
    std::error_code problem;
    auto const apart = data / ("podman-" + settings.podman_container);
    options.paths.root = std::filesystem::exists(apart, problem) ? apart : data / "podman";
    options.places.socket = settings.podman_socket;
    options.places.program = settings.podman_program;
    options.places.runtime = settings.podman_runtime;
    options.places.own_directory = std::filesystem::path(parts.files.shared.runtime_dir) / "podman";
    options.places.is_root = ::geteuid() == 0;
    options.places.path = of_environment("PATH");
    options.places.container_host = of_environment("CONTAINER_HOST");
    options.places.runtime_directory = of_environment("XDG_RUNTIME_DIR");
#if defined(__APPLE__)
    options.places.has_machine = true;
#endif
    options.image = settings.podman_image;
    options.container = settings.podman_container;
    options.network = settings.podman_network;
    options.port = static_cast<int>(settings.postgres_port);
    options.shared_buffers_bytes = settings.postgres_memory;
    options.shm_bytes = settings.podman_shm;
    options.memory_bytes_max = settings.podman_memory_max;
    options.log_bytes_max = settings.podman_log_bytes_max;
    options.start_limit = settings.postgres_start_timeout;
    options.stop_limit = settings.postgres_stop_timeout;
    options.pull_limit = settings.podman_pull_timeout;
    return options;
}

}  // namespace

std::unique_ptr<services::Provider> make_provider(AppParts const& parts, asio::any_io_executor loop) {
    auto const& settings = parts.settings;
    auto const has_dsn = !settings.dsn.empty() || !settings.dsn_file.empty();
    if (settings.provider == "external" || (settings.provider == "auto" && has_dsn)) {
        services::ExternalOptions options{settings.dsn, settings.dsn_file, settings.connect_timeout};
        return std::make_unique<services::External>(loop, std::move(options), make_probe(loop));
    }
    std::unique_ptr<services::Provider> native;
    std::unique_ptr<services::Provider> podman;
    if (settings.provider != "podman")
        native = std::make_unique<services::Native>(loop, native_options(parts), make_probe(loop), parts.log);
    if (settings.provider != "native")
        podman = std::make_unique<services::Podman>(loop, podman_options(parts), make_probe(loop), parts.log);
    if (!podman) return native;
    if (!native) return podman;
    services::ChoiceOptions options{std::filesystem::path(parts.files.shared.data_dir) / "provider"};
    return std::make_unique<services::Choice>(std::move(options), std::move(podman), std::move(native),
                                              parts.log);
}

pg::SessionSettings session_settings(AppParts const& parts, std::string_view duty) {
    pg::SessionSettings session;
    session.application_name = fmt::format("fleetd/{}/{}", parts.host_id, duty);
    session.role = "fleet_daemon";
    session.connect_timeout = parts.settings.connect_timeout;
    session.statement_timeout = parts.settings.statement_timeout;
    session.lock_timeout = parts.settings.lock_timeout;
    session.tcp_user_timeout = parts.settings.tcp_user_timeout;
    return session;
}

pg::Report report_to(observe::Log& log) {
    return [&log](pg::Level level, std::string line, Json facts) {
        auto const text = facts.empty() ? std::string{} : json_text(facts);
        auto const as = level == pg::Level::info      ? observe::Level::info
                        : level == pg::Level::warning ? observe::Level::warn
                                                      : observe::Level::error;
        if (text.empty())
            log.write(as, line, {});
        else
            log.write(as, line, {{"facts", text}});
    };
}

}  // namespace fleet::app
