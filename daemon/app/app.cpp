#include "app/app.hpp"

#include "app/command_line.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include <unistd.h>

namespace fleet::app {
namespace {

constexpr Millis health_pause{1'000};
constexpr Millis join_limit{20'000};
constexpr Millis join_pause{20};

Time now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

pg::PoolSettings pool_of(AppParts const& parts, std::string_view duty, std::size_t threads) {
    pg::PoolSettings settings;
    settings.session = session_settings(parts, duty);
    settings.threads = threads;
    settings.waiting_max = static_cast<std::size_t>(parts.settings.pool_queue_max);
    return settings;
}

bus::BusSettings bus_settings(AppParts const& parts) {
    auto const& settings = parts.settings;
    bus::BusSettings bus;
    bus.limits.ping_every = settings.listener_ping;
    bus.limits.ping_answer = settings.listener_ping_timeout;
    bus.limits.poll_healthy = settings.poll_healthy;
    bus.limits.poll_unhealthy = settings.poll_unhealthy;
    bus.limits.step_limit = settings.connect_timeout;
    bus.limits.tcp_user_timeout = settings.tcp_user_timeout;
    bus.limits.reconnect = BackoffLimits{settings.reconnect_first, settings.reconnect_longest};
    bus.limits.page = settings.read_batch_max;
    bus.limits.ring_max = static_cast<std::size_t>(settings.ring_events);
    bus.limits.ring_bytes_max = static_cast<std::size_t>(settings.ring_bytes_max);
    bus.limits.subscribers_max = static_cast<std::size_t>(settings.subscribers_max);
    bus.limits.subscriber.outbox_max = static_cast<std::size_t>(settings.subscriber_outbox_max);
    bus.application_name = fmt::format("fleetd/{}/listen", parts.host_id);
    bus.catch_up = bus::catch_up_wanted();
    return bus;
}

bus::AppenderLimits appender_limits(Settings const& settings) {
    bus::AppenderLimits limits;
    limits.batch_max = static_cast<std::size_t>(settings.append_batch_max);
    limits.batch_bytes_max = static_cast<std::size_t>(settings.append_batch_bytes_max);
    limits.queue_max = static_cast<std::size_t>(settings.append_queue_max);
    limits.queue_bytes_max = static_cast<std::size_t>(settings.append_queue_bytes_max);
    // A client that hears 503 can try elsewhere or later; one that waits cannot.
    limits.request_limit = std::min(Millis(settings.request_timeout), Millis(5'000));
    limits.call_limit = settings.statement_timeout + Millis(5'000);
    return limits;
}

// What the leader's rounds ask of checkpoints; the database knows the same defaults.
Json checkpoint_policy(Settings const& settings) {
    auto seconds = [](Millis time) { return std::chrono::ceil<std::chrono::seconds>(time).count(); };
    return {{"idle_seconds", seconds(settings.recovery_idle)},
            {"older_than_seconds", seconds(settings.checkpoint_age_max)},
            {"keep", settings.checkpoint_keep},
            {"max_bytes", settings.checkpoint_bytes_max},
            {"every_seconds", seconds(settings.checkpoint_prune_pause)}};
}

duties::DutyOptions duty_options(AppParts const& parts) {
    duties::DutyOptions options;
    options.host_id = parts.host_id;
    options.hostname = parts.hostname;
    options.pilot_lease = parts.settings.pilot_lease;
    options.version = program_version();
    options.application_name = fmt::format("fleetd/{}/beacon", parts.host_id);
    options.host_lease = parts.settings.host_lease;
    options.sweep_pause = parts.settings.sweep_pause;
    options.checkpoints = checkpoint_policy(parts.settings);
    options.order_lock_limit = parts.settings.order_lock_limit;
    options.step_limit = parts.settings.connect_timeout;
    options.tcp_user_timeout = parts.settings.tcp_user_timeout;
    options.reconnect = BackoffLimits{parts.settings.reconnect_first, parts.settings.reconnect_longest};
    options.schema_known = known_schema();
    return options;
}

net::ServerOptions server_options(Settings const& settings) {
    net::ServerOptions options;
    options.connections_max = static_cast<std::size_t>(settings.connections_max);
    options.header_bytes_max = static_cast<std::uint32_t>(settings.request_header_bytes_max);
    options.body_bytes_max = static_cast<std::uint64_t>(settings.request_body_bytes_max);
    options.message_bytes_max = static_cast<std::size_t>(settings.websocket_frame_bytes_max);
    options.idle_limit = settings.http_idle_timeout;
    options.read_limit = settings.http_read_timeout;
    options.write_limit = settings.http_write_timeout;
    options.ping_every = settings.websocket_ping;
    return options;
}

auth::AuthenticatorOptions authenticator_options(AppParts const& parts) {
    auth::AuthenticatorOptions options;
    options.own_uid = ::geteuid();
    options.access_token = parts.access_token;
    return options;
}

ops::HookOptions hook_options(Settings const& settings) {
    ops::HookOptions options;
    options.policy = settings.hook_policy;
    options.fails_closed = settings.hook_on_failure == "closed";
    options.limit = settings.hook_timeout;
    options.ttl = settings.hook_ttl;
    options.mail_max = settings.hook_mail_max;
    options.mail_pause = settings.hook_mail_pause;
    options.briefing_tokens = settings.hook_briefing;
    return options;
}

ops::OperationsParts operations_parts(App& app, bus::Cursors& cursors) {
    auto const& settings = app.parts().settings;
    ops::OperationsParts parts{.loop = app.loop(),
                               .appender = app.appender(),
                               .bus = app.bus(),
                               .cursors = cursors,
                               .reads = app.reads(),
                               .host = app.membership().stamp()};
    parts.pilot_lease = settings.pilot_lease;
    parts.version = program_version();
    parts.wait_max = settings.wait_max;
    parts.reservation_ttl = settings.reservation_ttl;
    parts.hooks = hook_options(settings);
    parts.unavailable = [&app] { return app.database().unavailable(); };
    parts.epoch_moved = [&app](std::int64_t carried) { app.membership().epoch_moved(carried); };
    return parts;
}

faces::FaceOptions face_options(Settings const& settings) {
    faces::FaceOptions options;
    options.requests_max = static_cast<std::size_t>(settings.websocket_requests_max);
    return options;
}

}  // namespace

App::App(AppParts parts)
    : parts_(std::move(parts)),
      started_(now()),
      provider_(make_provider(parts_, loop())),
      schema_work_(loop(), fmt::format("fleetd/{}/schema", parts_.host_id), report_to(parts_.log)),
      database_(
          DatabaseParts{loop(), *provider_, schema_work_, parts_.log, health_, parts_.files.wanted, {}}),
      backups_(*this),
      readers_(
          loop(), [this] { return database_.dsn(); },
          pool_of(parts_, "reader", static_cast<std::size_t>(parts_.settings.pool_readers)),
          report_to(parts_.log)),
      writer_(
          loop(), [this] { return database_.dsn(); }, pool_of(parts_, "writer", 1), report_to(parts_.log)),
      reads_(readers_, parts_.settings.request_timeout),
      bus_(
          loop(), readers_, [this] { return database_.dsn(); }, bus_settings(parts_), report_to(parts_.log)),
      appender_(
          loop(), writer_, appender_limits(parts_.settings), [this](std::int64_t seq) { bus_.wake(seq); },
          report_to(parts_.log)),
      cursors_(readers_),
      membership_(
          loop(), [this] { return database_.dsn(); }, duty_options(parts_), parts_.log, health_),
      backup_schedule_(*this),
      operations_(operations_parts(*this, cursors_)),
      authenticator_(authenticator_options(parts_), auth::token_lookup(reads_)),
      face_(faces::FaceParts{loop(), operations_, authenticator_, bus_, cursors_, health_, metrics_,
                             parts_.log, face_options(parts_.settings)}),
      server_(loop(), face_, server_options(parts_.settings), parts_.log, metrics_),
      signals_(loop(), SIGINT, SIGTERM, SIGHUP),
      stop_asked_(loop(), asio::steady_timer::time_point::max()),
      health_tick_(loop()) {
    bind_services(operations_, *this);
    bind_schema(operations_, *this);
    bind_status(operations_, *this);
    bind_backups(operations_, *this);
    watch_process(metrics_);
    watch_parts(metrics_, *this);
    database_.after_start([this] { return join_fleet(); });
    database_.when_too_new([this](Error const& error) {
        parts_.log.error("this fleetd is too old for the database, and stops", error);
        request_stop(describe(error), fleet::exit_code(error));
    });
}

App::~App() = default;

int App::run(Starter starter) {
    if (auto listening = listen(); !listening) {
        parts_.log.error("cannot serve", listening.error());
        starter.failed("fleetd: " + describe(listening.error()) + "\n", fleet::exit_code(listening.error()));
        readers_.stop();
        writer_.stop();
        return fleet::exit_code(listening.error());
    }
    parts_.log.info("fleetd serves", {{"version", program_version()},
                                      {"pid", ::getpid()},
                                      {"host", parts_.host_id},
                                      {"socket", parts_.files.shared.socket},
                                      {"provider", provider_->name()}});
    start_parts();
    starter.ready();
    sd_notify("READY=1\nSTATUS=serving " + parts_.files.shared.socket);
    loop_.run();
    parts_.log.info("fleetd has ended", {{"exit_code", exit_code_}});
    return exit_code_;
}

Result<void> App::listen() {
    auto listening = server_.listen_unix(parts_.files.shared.socket);
    if (!listening || parts_.settings.listen_tcp.empty()) return listening;
    auto const& where = parts_.settings.listen_tcp;
    auto const colon = where.rfind(':');
    auto const port = colon == std::string::npos ? 0 : std::atoi(where.c_str() + colon + 1);
    if (colon == std::string::npos || port < 0 || port > 65535)
        return make_error(
            ErrorCode::not_configured,
            fmt::format("listen_tcp is '{}'; it is ADDRESS:PORT, for example 127.0.0.1:7433", where));
    return server_.listen_tcp(where.substr(0, colon), static_cast<std::uint16_t>(port));
}

void App::start_parts() {
    background("signals", await_signals());
    background("appender", appender_.run());
    background("operations", operations_.run());
    background("health", keep_health());
    background("backups", backup_schedule_.run());
    background("stop", stop());
    database_.resume();
}

// Everything that runs by itself reports how it ended; nothing is lost silently.
void App::background(std::string name, asio::awaitable<void> work) {
    auto ended = [this, name = std::move(name)](std::exception_ptr thrown) {
        if (!thrown) return;
        try {
            std::rethrow_exception(thrown);
        } catch (boost::system::system_error const& bad) {
            if (bad.code() == asio::error::operation_aborted) return;
            parts_.log.error("a part of the daemon failed", {{"part", name}, {"why", bad.what()}});
        } catch (std::exception const& bad) {
            parts_.log.error("a part of the daemon failed", {{"part", name}, {"why", bad.what()}});
        }
        if (!is_stopping_) request_stop("the part '" + name + "' failed", 1);
    };
    asio::co_spawn(loop_, std::move(work), std::move(ended));
}

// Once a database is there: the listener, and this host's membership. The first `up` waits until both are
// well; later they find the database again by themselves.
asio::awaitable<Result<void>> App::join_fleet() {
    if (std::exchange(has_joined_, true)) co_return Result<void>{};
    background("bus", bus_.run());
    background("membership", run_membership());
    auto const until = std::chrono::steady_clock::now() + join_limit;
    asio::steady_timer timer(loop_);
    while (std::chrono::steady_clock::now() < until) {
        if (membership_error_) co_return *membership_error_;
        auto const bus = bus_.health();
        if (bus.trouble == ErrorCode::pooler_found)
            co_return make_error(ErrorCode::pooler_found, bus.last_error);
        if (membership_.health().has_joined && bus.listening) co_return Result<void>{};
        timer.expires_after(join_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
    auto const duty = membership_.health();
    auto const bus = bus_.health();
    auto const& why = !duty.has_joined ? duty.last_error : bus.last_error;
    co_return make_error(ErrorCode::away, "the database answers, but joining the fleet failed: " + why);
}

asio::awaitable<void> App::run_membership() {
    auto ended = co_await membership_.run();
    if (ended || is_stopping_) co_return;
    membership_error_ = ended.error();
    parts_.log.error("this host cannot join the fleet", ended.error());
    request_stop(describe(ended.error()), fleet::exit_code(ended.error()));
}

// What nobody says by himself: how the bus is, once a second.
asio::awaitable<void> App::keep_health() {
    while (!is_stopping_) {
        if (has_joined_ && !has_left_) {
            auto const bus = bus_.health();
            auto condition = observe::Condition::ok;
            if (!bus.listening)
                condition = bus.reading ? observe::Condition::degraded : observe::Condition::down;
            health_.set("bus", condition, condition == observe::Condition::ok ? "" : bus.last_error, now());
        }
        health_tick_.expires_after(health_pause);
        constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
        co_await health_tick_.async_wait(nothrow);
    }
}

void App::reload() {
    auto settings = load_settings(Invocation{}, process_environment());
    if (!settings)
        return parts_.log.error("SIGHUP: the settings cannot be read, nothing changes", settings.error());
    auto level = observe::parse_level(settings->values().log_level);
    if (level) parts_.log.set_level(*level);
    parts_.log.info("SIGHUP: read the settings again", {{"log_level", settings->values().log_level}});
}

}  // namespace fleet::app
