#include "services/choice.hpp"

#include "services/account.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <utility>

namespace fleet::services {
namespace {

constexpr std::string_view undecided = "auto: not chosen yet; Podman when it works, else a private cluster";

// What a private cluster does not suffer from. A port or a name that is taken is for a person to look at.
bool native_may_help(ErrorCode code) {
    return code == ErrorCode::podman_missing || code == ErrorCode::image_missing ||
           code == ErrorCode::container_refused;
}

Error no_database() {
    return make_error(ErrorCode::not_running, "there is no database yet");
}

}  // namespace

Choice::Choice(ChoiceOptions options, std::unique_ptr<Provider> podman, std::unique_ptr<Provider> native,
               observe::Log& log)
    : options_(std::move(options)), podman_(std::move(podman)), native_(std::move(native)), log_(log) {
    remember();
}

void Choice::remember() {
    if (auto text = read_file(options_.file)) {
        auto const json = parse_json(*text);
        auto const name = json ? text_or(*json, "provider", "") : std::string{};
        because_ = json ? text_or(*json, "because", "") : std::string{};
        if (name == podman_->name()) chosen_ = podman_.get();
        if (name == native_->name()) chosen_ = native_.get();
    }
    // Data that were made under another setting, or by an older version.
    if (chosen_ == nullptr && native_->is_made()) take(*native_, "its data are here");
    if (chosen_ == nullptr && podman_->is_made()) take(*podman_, "its data are here");
}

void Choice::take(Provider& provider, std::string because) {
    chosen_ = &provider;
    because_ = std::move(because);
}

std::string_view Choice::name() const {
    return chosen_ == nullptr ? "auto" : chosen_->name();
}

asio::awaitable<Result<void>> Choice::start(Progress progress) {
    if (chosen_ != nullptr) {
        if (progress)
            progress(Step{"provider", fmt::format("provider {}: {}", chosen_->name(), because_), true});
        auto started = co_await chosen_->start(progress);
        co_return started;
    }
    auto started = co_await choose(progress);
    if (!started) co_return started.error();
    Json const json{{"provider", std::string(chosen_->name())}, {"because", because_}};
    auto kept = write_file(options_.file, json_text(json) + "\n", 0600);
    if (!kept) co_return kept.error();
    log_.info("chose where the database runs", {{"provider", chosen_->name()}, {"because", because_}});
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Choice::choose(Progress progress) {
    auto by_podman = co_await podman_->start(progress);
    if (by_podman) {
        take(*podman_, "Podman works");
        if (progress) progress(Step{"provider", "provider podman, because Podman works", true});
        co_return Result<void>{};
    }
    if (!native_may_help(by_podman.error().code)) co_return by_podman.error();
    auto because = by_podman.error().message;
    if (progress) progress(Step{"provider", fmt::format("provider native, because {}", because), true});
    auto by_cluster = co_await native_->start(progress);
    if (!by_cluster) {
        auto error = by_cluster.error();
        if (error.code == ErrorCode::binaries_missing)
            error.message = fmt::format("neither Podman nor PostgreSQL's programs can be used: {}; {}",
                                        because, error.message);
        co_return error;
    }
    take(*native_, std::move(because));
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Choice::stop(Progress progress) {
    if (chosen_ == nullptr) co_return Result<void>{};
    auto stopped = co_await chosen_->stop(std::move(progress));
    co_return stopped;
}

asio::awaitable<ServerStatus> Choice::status(Millis limit) {
    if (chosen_ == nullptr) {
        ServerStatus status;
        status.provider = "auto";
        status.chosen_because = undecided;
        co_return status;
    }
    auto status = co_await chosen_->status(limit);
    status.chosen_because = fmt::format("auto: {}", because_);
    co_return status;
}

asio::awaitable<Result<void>> Choice::logs(LogRequest request, LineSink sink) {
    if (chosen_ == nullptr)
        co_return failure(ErrorCode::not_found, "there is no database yet, so there is no log of one");
    auto read = co_await chosen_->logs(std::move(request), std::move(sink));
    co_return read;
}

asio::awaitable<Result<void>> Choice::destroy(Progress progress) {
    if (chosen_ == nullptr) co_return Result<void>{};
    auto gone = co_await chosen_->destroy(std::move(progress));
    if (!gone) co_return gone.error();
    std::error_code problem;
    std::filesystem::remove(options_.file, problem);
    if (problem) co_return system_failure("cannot remove " + options_.file.string(), problem.value());
    chosen_ = nullptr;
    because_.clear();
    co_return Result<void>{};
}

asio::awaitable<Result<std::string>> Choice::set_aside(Progress progress) {
    if (chosen_ == nullptr) co_return no_database();
    auto done = co_await chosen_->set_aside(std::move(progress));
    co_return done;
}

asio::awaitable<Result<std::string>> Choice::recover(RecoveryPlan plan, Progress progress) {
    if (chosen_ == nullptr) co_return no_database();
    auto done = co_await chosen_->recover(std::move(plan), std::move(progress));
    co_return done;
}

asio::awaitable<Result<std::string>> Choice::take_recovered(Progress progress) {
    if (chosen_ == nullptr) co_return no_database();
    auto done = co_await chosen_->take_recovered(std::move(progress));
    co_return done;
}

asio::awaitable<void> Choice::drop_recovered() {
    if (chosen_ != nullptr) co_await chosen_->drop_recovered();
}

std::filesystem::path Choice::archive() const {
    return chosen_ == nullptr ? std::filesystem::path{} : chosen_->archive();
}

asio::awaitable<std::string> Choice::ended() {
    if (chosen_ == nullptr) co_return "it does not run";
    auto words = co_await chosen_->ended();
    co_return words;
}

Result<std::string> Choice::dsn() const {
    if (chosen_ == nullptr) return no_database();
    return chosen_->dsn();
}

Result<std::string> Choice::url() const {
    if (chosen_ == nullptr) return no_database();
    return chosen_->url();
}

}  // namespace fleet::services
