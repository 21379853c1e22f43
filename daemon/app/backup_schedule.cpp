#include "app/backup_schedule.hpp"

#include "app/app.hpp"
#include "backups/recovery.hpp"
#include "pg/statement.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace fleet::app {
namespace {

namespace fs = std::filesystem;

constexpr Millis longest_pause{60'000};
constexpr Millis shortest_pause{500};
constexpr char const* duty = "backup";
constexpr std::size_t at_least = 2;  // scheduled ones that stay even on a full disk

std::string seconds_text(std::int64_t value) {
    return std::to_string(value);
}

}  // namespace

Result<std::optional<int>> minute_of_day(std::string const& text) {
    if (text.empty()) return std::optional<int>{};
    int hour = -1;
    int minute = -1;
    auto const* const end = text.data() + text.size();
    auto const first = std::from_chars(text.data(), end, hour);
    if (first.ec == std::errc() && first.ptr != end && *first.ptr == ':') {
        auto const second = std::from_chars(first.ptr + 1, end, minute);
        if (second.ptr != end) minute = -1;
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return make_error(ErrorCode::not_configured, "export_at is a time of day such as 03:00, not " + text);
    return std::optional<int>(hour * 60 + minute);
}

BackupSchedule::BackupSchedule(App& app) : app_(app), timer_(app.loop()) {}

std::vector<BackupSchedule::Plan> BackupSchedule::plans() const {
    auto const& settings = app_.parts().settings;
    auto const seconds = [](auto duration) {
        return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    };
    std::vector<Plan> all;
    if (auto const every = seconds(settings.backup_interval); every > 0)
        all.push_back(
            {"logical",
             every,
             {},
             {static_cast<std::size_t>(settings.backup_keep), static_cast<int>(settings.backup_keep_days)}});
    if (settings.wal_archive == "on" && !app_.database().provider().archive().empty())
        all.push_back({"physical",
                       seconds(settings.base_backup_interval),
                       {},
                       {static_cast<std::size_t>(settings.base_backup_keep), 0}});
    auto const minute = minute_of_day(settings.export_at);
    if (minute && *minute)
        all.push_back({"export", 86'400, *minute, {static_cast<std::size_t>(settings.export_keep), 0}});
    return all;
}

Millis BackupSchedule::pause() const {
    auto wanted = longest_pause;
    for (auto const& plan : plans()) wanted = std::min(wanted, Millis(plan.every_seconds * 1000 / 5));
    return std::max(wanted, shortest_pause);
}

asio::awaitable<void> BackupSchedule::run() {
    constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
    if (auto minute = minute_of_day(app_.parts().settings.export_at); !minute)
        app_.parts().log.error("nothing is exported by schedule", minute.error());
    while (!is_stopping_) {
        if (app_.database().phase() == Phase::running && app_.membership().health().has_joined)
            co_await look();
        if (is_stopping_) break;
        timer_.expires_after(pause());
        co_await timer_.async_wait(nothrow);
    }
}

void BackupSchedule::stop() {
    is_stopping_ = true;
    timer_.cancel();
}

asio::awaitable<void> BackupSchedule::look() {
    for (auto const& plan : plans()) {
        if (is_stopping_) co_return;
        auto why = co_await why_due(plan);
        if (why.empty()) continue;
        app_.parts().log.debug("a scheduled backup is due", {{"kind", plan.kind}, {"why", why}});
        co_await carry_out(plan);
    }
    co_await refresh_ledger(app_);
    auto rows = co_await app_.reads().rows("backup_last", {});
    if (rows) last_ = Json(*rows);
}

// Why it is due; "" when it is not, or when nobody can say.
asio::awaitable<std::string> BackupSchedule::why_due(Plan plan) {
    std::vector<std::optional<std::string>> arguments{plan.kind, app_.parts().host_id,
                                                      seconds_text(plan.every_seconds), std::nullopt};
    if (plan.at_minute) arguments[3] = std::to_string(*plan.at_minute);
    auto rows = co_await app_.reads().rows("backup_due", std::move(arguments));
    if (!rows || rows->empty()) co_return std::string();
    co_return text_or(rows->front(), "why", "");
}

asio::awaitable<Result<Json>> BackupSchedule::make(Plan plan, services::Progress progress) {
    auto where = app_.database().dsn();
    if (!where) co_return where.error();
    backups::BackupRequest request{{}, "schedule"};
    auto made =
        co_await make_copy(app_, plan.kind, *std::move(where), std::move(request), std::move(progress));
    if (!made) co_return made.error();
    co_return made->to_json();
}

asio::awaitable<Result<void>> BackupSchedule::note(backups::Connection& connection, std::int64_t epoch,
                                                   Json outcome) {
    direct::Arguments arguments{std::to_string(epoch), json_text(outcome)};
    auto noted = co_await connection.ask(pg::stmt<"backup_note">.text, std::move(arguments));
    if (!noted) co_return noted.error();
    co_return Result<void>{};
}

asio::awaitable<void> BackupSchedule::carry_out(Plan plan) {
    auto& log = app_.parts().log;
    auto where = app_.database().dsn();
    if (!where) co_return;
    // The duty belongs to this session and goes with it, however the work ends.
    backups::Connection connection(app_.loop());
    auto opened = co_await connection.open(*where, fmt::format("fleetd/{}/backup", app_.parts().host_id));
    if (!opened) co_return;
    direct::Arguments candidate{duty, app_.parts().host_id};
    auto led = co_await connection.ask(pg::stmt<"lead">.text, std::move(candidate));
    if (!led || led->size() == 0 || led->is_null(0, 0)) co_return;
    auto const epoch = led->number(0, 0);
    // Whoever had the duty a moment ago may have done it.
    auto why = co_await why_due(plan);
    if (!why.empty()) {
        auto const began = std::chrono::steady_clock::now();
        auto work = [this, plan](services::Progress progress) { return make(plan, std::move(progress)); };
        auto made = co_await app_.backups().do_by_schedule(work);
        auto const took = std::chrono::ceil<Millis>(std::chrono::steady_clock::now() - began).count();
        auto const is_busy = !made && made.error().code == ErrorCode::services_busy;
        Json outcome{{"host_id", app_.parts().host_id},
                     {"kind", plan.kind},
                     {"ok", made.has_value()},
                     {"every_seconds", plan.every_seconds},
                     {"took_ms", took}};
        if (made)
            for (auto const* member : {"path", "head_seq", "incarnation", "bytes"})
                outcome[member] = made->at(member);
        else
            outcome["problem"] = made.error().message;
        // Noted before anything is removed: a daemon that has lost the duty removes nothing.
        Result<void> noted{};
        if (!is_busy) noted = co_await note(connection, epoch, outcome);
        if (noted && made) outcome["kept"] = rotate(plan);
        if (noted && made) noted = co_await note(connection, epoch, outcome);
        if (!noted) log.warning("a scheduled backup could not be noted", noted.error());
        if (noted && !made && made.error().code == ErrorCode::disk_full) make_room(plan);
        if (made)
            log.info("made a scheduled backup",
                     {{"kind", plan.kind}, {"path", text_or(*made, "path", "")}, {"ms", took}});
    }
    auto resigned = co_await connection.ask(pg::stmt<"resign">.text, backups::one(duty));
    (void)resigned;
}

// Removes what the rules let go; how many scheduled ones stay.
std::size_t BackupSchedule::rotate(Plan const& plan) {
    std::vector<backups::Listed> ours;
    auto const all = backups::list_backups(app_.backups().folder());
    for (auto const& one : all)
        if (one.manifest.kind == plan.kind && one.manifest.host_id == app_.parts().host_id)
            ours.push_back(one);
    auto const gone = backups::to_drop(ours, plan.keep);
    std::error_code problem;
    for (auto const& path : gone) fs::remove_all(path, problem);
    if (plan.kind == "physical") {
        auto const dropped = backups::drop_old_wal(app_.database().provider().archive(),
                                                   backups::list_backups(app_.backups().folder()));
        if (dropped > 0)
            app_.parts().log.info("removed WAL that no base backup needs", {{"pieces", dropped}});
    }
    return ours.size() - gone.size();
}

// On a full disk the oldest scheduled copies make room for the next, but never the last two.
void BackupSchedule::make_room(Plan const& plan) {
    std::vector<fs::path> scheduled;
    for (auto const& one : backups::list_backups(app_.backups().folder()))
        if (one.manifest.kind == plan.kind && one.manifest.made_by == "schedule")
            scheduled.push_back(one.path);
    if (scheduled.size() <= at_least) return;
    std::error_code problem;
    fs::remove_all(scheduled.back(), problem);
    app_.parts().log.warning("the disk of the backups is full: removed the oldest scheduled one",
                             {{"path", scheduled.back().string()}, {"left", scheduled.size() - 1}});
}

}  // namespace fleet::app
