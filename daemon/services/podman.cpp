#include "services/podman.hpp"

#include "services/cluster.hpp"
#include "services/failure.hpp"
#include "services/lock_wait.hpp"
#include "services/machine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fleet::services {
namespace {

constexpr int tries_max = 4;  // port, runtime and network may each have to be found out
constexpr Millis first_probe_pause{50};
constexpr Millis longest_probe_pause{500};
constexpr Millis probe_limit{2'000};

// What no waiting mends.
std::optional<Error> refusal_of(std::string const& words, PodmanOptions const& options) {
    if (words.find("password authentication failed") != std::string::npos)
        return failure(ErrorCode::not_configured,
                       fmt::format("the server in volume {} has another password than {}", options.volume(),
                                   options.paths.password().string()),
                       "Put the right one into the file; `fleet services destroy` gives the data up.");
    if (words.find("does not exist") != std::string::npos)
        return failure(
            ErrorCode::not_configured,
            fmt::format("the server in volume {} is not one of a fleet: {}", options.volume(), words),
            "If nothing in it is needed, `fleet services destroy`, then `fleet services up`.");
    return std::nullopt;
}

void say(Progress const& progress, std::string step, std::string text, bool is_done = false) {
    if (progress) progress(Step{std::move(step), std::move(text), is_done});
}

// From here on the volume has data of value. A marker that came back after a power cut would have it removed.
Result<void> take_marker_away(PodmanPaths const& paths) {
    std::error_code problem;
    auto const was_there = std::filesystem::remove(paths.unfinished(), problem);
    if (problem) return system_failure("cannot remove " + paths.unfinished().string(), problem.value());
    if (!was_there) return {};
    return sync_directory(paths.root);
}

// Clears away what was begun, however we leave, unless it is whole. The lock is held until that has ended.
class Begun {
public:
    Begun(asio::any_io_executor executor, std::shared_ptr<Engine> engine, ClearAway what,
          std::shared_ptr<FileLock> lock)
        : executor_(std::move(executor)),
          engine_(std::move(engine)),
          what_(std::move(what)),
          lock_(std::move(lock)) {}
    Begun(Begun const&) = delete;
    Begun& operator=(Begun const&) = delete;
    ~Begun() {
        if (!engine_) return;
        // Cancelled: a coroutine of its own has to do it.
        auto ended = [lock = lock_](std::exception_ptr, Result<void> const&) {};
        asio::co_spawn(executor_, clear_away(engine_, what_), std::move(ended));
    }
    asio::awaitable<void> undo() {
        auto engine = std::exchange(engine_, nullptr);
        auto what = what_;
        auto cleared = co_await clear_away(std::move(engine), std::move(what));
        static_cast<void>(cleared);  // the next start does it, then
    }
    void stays() { engine_.reset(); }

private:
    asio::any_io_executor executor_;
    std::shared_ptr<Engine> engine_;
    ClearAway what_;
    std::shared_ptr<FileLock> lock_;
};

}  // namespace

Podman::Podman(asio::any_io_executor executor, PodmanOptions options, Probe probe, observe::Log& log)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      probe_(std::move(probe)),
      log_(log),
      access_(executor_, options_.places),
      settled_(settled()) {
    if (options_.places.runtime.empty()) access_.use_runtime(settled_.runtime);
}

asio::awaitable<Result<void>> Podman::start(Progress progress) {
    auto made = make_directory(options_.paths.root, 0700, std::nullopt);
    if (!made) co_return made.error();
    auto lock = co_await wait_for_lock(executor_, options_.paths.lock(), options_.lock_limit, progress);
    if (!lock) co_return lock.error();
    auto const held = std::make_shared<FileLock>(*std::move(lock));
    Result<void> outcome;
    for (int i = 0; i < tries_max; ++i) {
        outcome = co_await try_start(progress, held);
        // Podman 4 keeps the port of a start that failed until its service ends.
        if (!outcome) access_.forget();
        if (outcome || !adapt(outcome.error(), progress)) break;
    }
    if (outcome) settle(settled_);
    co_return outcome;
}

asio::awaitable<Result<void>> Podman::try_start(Progress progress, std::shared_ptr<FileLock> lock) {
    auto reached = co_await access_.engine(progress);
    if (!reached) co_return reached.error();
    auto const engine = *reached;
    say(progress, "podman", engine->words(), true);
    auto found = co_await survey(engine);
    if (!found) co_return found.error();
    if (auto whole = check_whole(*found); !whole) co_return whole.error();
    auto plan = make_plan(*found);
    if (!plan) co_return plan.error();

    auto const& there = found->container;
    auto const fits = there && is_made() && there->labels.count(config_label) > 0 &&
                      there->labels.at(config_label) == plan_hash(*plan);
    if (fits && there->is_running) {
        say(progress, "container", fmt::format("container {} runs already", plan->name));
        auto adopted = co_await adopt(engine);
        if (adopted) adopted = co_await wait_until_answers(engine, progress);
        co_return adopted;
    }
    auto image = co_await have_image(engine, progress);
    if (!image) co_return image.error();

    ClearAway what{plan->name, plan->volume, plan->secret, options_.paths, !is_made()};
    Begun begun(executor_, engine, what, lock);
    Result<void> done;
    if (!fits) done = co_await make_container(engine, *plan, *found, progress);
    if (done) done = co_await check_major(engine, *image);
    if (done) done = co_await launch(engine, *plan, progress);
    if (done) done = take_marker_away(options_.paths);
    if (done)
        begun.stays();
    else
        co_await begun.undo();
    co_return done;
}

asio::awaitable<Result<void>> Podman::launch(EnginePtr engine, ContainerPlan plan, Progress progress) {
    say(progress, "start", fmt::format("starting PostgreSQL on {}:{}", loopback, plan.port));
    auto started = co_await engine->start(plan.name);
    if (!started) {
        auto removed = co_await engine->remove(plan.name);
        static_cast<void>(removed);
        co_return podman_error(started.error(), {plan.name, plan.image, plan.port});
    }
    auto adopted = co_await adopt(engine);
    if (!adopted) co_return adopted.error();
    log_.info("started PostgreSQL", {{"container", plan.name}, {"port", plan.port}});
    if (auto kept = write_pgpass(); !kept) co_return kept.error();
    auto answers = co_await wait_until_answers(engine, progress);
    if (!answers) running_.reset();
    co_return answers;
}

asio::awaitable<Result<void>> Podman::wait_until_answers(EnginePtr engine, Progress progress) {
    auto const deadline = std::chrono::steady_clock::now() + options_.start_limit;
    auto next = first_probe_pause;
    std::string last = "it was never asked";
    asio::steady_timer timer(executor_);
    while (std::chrono::steady_clock::now() < deadline) {
        auto has_ended = server_ && server_->has_ended();
        if (!server_) {
            auto seen = co_await engine->container(options_.container);
            has_ended = seen && (!*seen || !(*seen)->is_running);
        }
        if (has_ended) {
            auto why = co_await why_it_stopped(engine);
            co_return why;
        }
        auto where = dsn();
        if (!where) co_return where.error();
        auto answered = co_await probe_(*std::move(where), probe_limit);
        if (answered) {
            say(progress, "start", fmt::format("PostgreSQL {} answers", answered->server_version), true);
            co_return Result<void>{};
        }
        last = answered.error().message;
        if (auto const refused = refusal_of(last, options_)) co_return *refused;
        timer.expires_after(next);
        co_await timer.async_wait(asio::use_awaitable);
        next = std::min(longest_probe_pause, next * 2);
    }
    co_return failure(
        ErrorCode::away,
        fmt::format("container {} runs, but gave no answer within {} (postgres_start_timeout): {}",
                    options_.container, duration_words(options_.start_limit), last),
        "`fleet services logs postgres` shows what it does; crash recovery of much data takes its time.");
}

asio::awaitable<Result<void>> Podman::stop(Progress progress) {
    if (!is_made()) co_return Result<void>{};
    auto reached = co_await access_.engine(progress);
    if (!reached) co_return reached.error();
    auto const engine = *reached;
    auto found = co_await survey(engine);
    if (!found) co_return found.error();
    if (found->container && found->container->is_running) {
        say(progress, "stop", fmt::format("stopping container {}", options_.container));
        auto stopped = co_await engine->stop(options_.container, options_.stop_limit);
        if (!stopped) co_return podman_error(stopped.error(), {options_.container, options_.image, 0});
        log_.info("stopped PostgreSQL", {{"container", options_.container}});
    }
    running_.reset();
    server_.reset();
    say(progress, "stop", "PostgreSQL has stopped, its data are kept", true);
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Podman::destroy(Progress progress) {
    std::error_code problem;
    auto const& paths = options_.paths;
    if (!std::filesystem::exists(paths.root, problem)) co_return Result<void>{};
    auto lock = co_await wait_for_lock(executor_, paths.lock(), options_.lock_limit, progress);
    if (!lock) co_return lock.error();
    auto stopped = co_await stop(progress);
    if (!stopped && stopped.error().code != ErrorCode::name_taken) co_return stopped.error();
    auto reached = co_await access_.engine(progress);
    if (!reached) co_return reached.error();
    ClearAway const what{options_.container, options_.volume(), options_.secret(), paths, true};
    auto cleared = co_await clear_away(*reached, what);
    if (!cleared) co_return podman_error(cleared.error(), {options_.container, options_.image, 0});
    for (auto const& path : {paths.pgpass(), paths.settled()}) {
        std::filesystem::remove(path, problem);
        if (problem) co_return system_failure("cannot remove " + path.string(), problem.value());
    }
    settled_ = {};
    log_.warning("destroyed the container and its data", {{"container", options_.container}});
    say(progress, "destroy", "the container, its volume and its secret are removed", true);
    co_return Result<void>{};
}

}  // namespace fleet::services
