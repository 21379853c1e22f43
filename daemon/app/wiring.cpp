// Options of the parts, from the settings.
#include "app/app.hpp"
#include "app/probe.hpp"
#include "services/external.hpp"
#include "services/native.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

namespace fleet::app {

std::unique_ptr<services::Provider> make_provider(AppParts const& parts, asio::any_io_executor loop) {
    auto const& settings = parts.settings;
    auto const has_dsn = !settings.dsn.empty() || !settings.dsn_file.empty();
    if (settings.provider == "external" || (settings.provider == "auto" && has_dsn)) {
        services::ExternalOptions options{settings.dsn, settings.dsn_file, settings.connect_timeout};
        return std::make_unique<services::External>(loop, std::move(options), make_probe(loop));
    }
    services::NativeOptions options;
    options.paths.root = parts.files.cluster;
    options.socket_directories = {std::filesystem::path(parts.files.shared.runtime_dir) / "pg"};
    options.places.configured = settings.postgres_bin_dir;
    if (auto const* path = std::getenv("PATH")) options.places.path = path;
    options.run_as = settings.run_as;
    options.port = static_cast<int>(settings.postgres_port);
    options.shared_buffers_bytes = settings.postgres_memory;
    options.start_limit = settings.postgres_start_timeout;
    options.stop_limit = settings.postgres_stop_timeout;
    return std::make_unique<services::Native>(loop, std::move(options), make_probe(loop), parts.log);
}

pg::SessionSettings session_settings(AppParts const& parts, std::string_view duty) {
    pg::SessionSettings session;
    session.application_name = fmt::format("fleetd/{}/{}", parts.host_id, duty);
    session.role = "fleet_daemon";
    session.connect_timeout = parts.settings.connect_timeout;
    session.statement_timeout = parts.settings.statement_timeout;
    session.lock_timeout = parts.settings.lock_timeout;
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
