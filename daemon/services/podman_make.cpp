// How image, volume, secret and container come to be.
#include "services/cluster.hpp"
#include "services/failure.hpp"
#include "services/podman.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <utility>

namespace fleet::services {
namespace {

void say(Progress const& progress, std::string step, std::string text, bool is_done = false) {
    if (progress) progress(Step{std::move(step), std::move(text), is_done});
}

// Not the registry: fetching again would not help.
bool is_about_here(Trouble trouble) {
    return trouble == Trouble::ids || trouble == Trouble::disk || trouble == Trouble::runtime;
}

// Podman tells the whole way it went; what stopped it stands in the last two parts.
std::string last_words(std::string const& words) {
    auto at = words.rfind(": ");
    if (at != std::string::npos && at > 0) at = words.rfind(": ", at - 1);
    return at == std::string::npos ? words : words.substr(at + 2);
}

}  // namespace

asio::awaitable<Result<ImageFacts>> Podman::have_image(EnginePtr engine, Progress progress) {
    auto const& name = options_.image;
    auto here = co_await engine->image(name);
    if (!here) co_return podman_error(here.error(), {options_.container, name, 0});
    if (*here) co_return **here;
    if (name.starts_with("localhost/"))
        co_return failure(
            ErrorCode::image_missing,
            fmt::format("the image {} (podman_image) is not among those of this account", name));
    say(progress, "image", fmt::format("fetching {}", name));
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(executor_, options_.pull_limit);
    auto pull = engine->pull(name, progress);
    auto late = timer.async_wait(asio::use_awaitable);
    auto first = co_await (std::move(pull) || std::move(late));
    if (first.index() == 1)
        co_return failure(ErrorCode::image_missing,
                          fmt::format("the image {} was not fetched within {} (podman_pull_timeout)", name,
                                      duration_words(options_.pull_limit)));
    auto const& pulled = std::get<0>(first);
    if (!pulled && pulled.error().code == ErrorCode::podman_missing) co_return pulled.error();
    if (!pulled && is_about_here(trouble_of(pulled.error().message)))
        co_return podman_error(pulled.error(), {options_.container, name, 0});
    if (!pulled)
        co_return failure(ErrorCode::image_missing,
                          fmt::format("the image {} is not here and cannot be fetched: {}", name,
                                      last_words(pulled.error().message)));
    here = co_await engine->image(name);
    if (!here) co_return podman_error(here.error(), {options_.container, name, 0});
    if (!*here) co_return failure(ErrorCode::image_missing, fmt::format("the image {} is not here", name));
    say(progress, "image", fmt::format("fetched {}", name), true);
    co_return **here;
}

asio::awaitable<Result<void>> Podman::make_container(EnginePtr engine, ContainerPlan plan, Found found,
                                                     Progress progress) {
    PodmanContext const about{plan.name, plan.image, plan.port};
    if (found.container) {
        say(progress, "container",
            !is_made()                    ? "removing what an `up` left that was interrupted"
            : found.container->is_running ? "its settings have changed: making the container anew"
                                          : fmt::format("making container {} anew", plan.name));
        Removal removal{plan.name, found.container->is_running, options_.stop_limit};
        removal.note = [this, name = plan.name](std::string const& words, Error const& error) {
            log_.warning(words, {{"container", name}, {"podman", error.message}});
        };
        auto gone = co_await remove_container(engine, std::move(removal));
        if (!gone) co_return podman_error(gone.error(), about);
    }
    auto places = co_await make_data_places(engine, plan, found);
    if (!places) co_return podman_error(places.error(), about);
    say(progress, "container",
        fmt::format("making container {} from {} on {}:{}{}", plan.name, plan.image, loopback, plan.port,
                    plan.on_host_network ? ", on the network of this machine" : ""));
    auto created = co_await engine->create(plan);
    if (!created) co_return podman_error(created.error(), about);
    log_.info("made a container", {{"name", plan.name}, {"image", plan.image}, {"port", plan.port}});
    co_return Result<void>{};
}

// Volume, password and secret. A volume that was never finished has nothing of value and goes first.
asio::awaitable<Result<void>> Podman::make_data_places(EnginePtr engine, ContainerPlan plan, Found found) {
    auto const& paths = options_.paths;
    if (!is_made()) {
        if (found.has_volume) {
            auto gone = co_await engine->remove_volume(plan.volume);
            if (!gone) co_return gone.error();
        }
        auto const password = draw_password();
        if (password.size() != 32)
            co_return failure(ErrorCode::internal, "the kernel gives no random numbers");
        auto kept = write_file(paths.unfinished(), "\n", 0600);
        if (kept) kept = write_file(paths.password(), password, 0600);
        if (!kept) co_return kept.error();
        auto made = co_await engine->make_volume(plan.volume, own_labels(plan.home));
        if (!made) co_return made.error();
    }
    if (found.has_secret) {
        // What it holds cannot be looked at; the file is what counts.
        auto gone = co_await engine->remove_secret(plan.secret);
        if (!gone) co_return gone.error();
    }
    auto password = read_file(paths.password());
    if (!password) co_return password.error();
    auto made = co_await engine->make_secret(plan.secret, *std::move(password), own_labels(plan.home));
    co_return made;
}

// Before the server sees the data: it would only say "incompatible".
asio::awaitable<Result<void>> Podman::check_major(EnginePtr engine, ImageFacts image) {
    auto version = co_await engine->file(options_.container, std::string(data_in_container) + "/PG_VERSION");
    // Not every image lets itself be read like that; the server's own words are the second line.
    if (!version || !*version || image.major == 0) co_return Result<void>{};
    auto const major = major_of(**version);
    if (major == 0 || major == image.major) co_return Result<void>{};
    co_return failure(
        ErrorCode::wrong_major,
        fmt::format("volume {} has data of PostgreSQL {}, the image {} is {}", options_.volume(), major,
                    options_.image, image.major),
        fmt::format("Set podman_image to an image of {}; or dump the data with it and load them "
                    "into a new fleet. Nothing was touched.",
                    major));
}

}  // namespace fleet::services
