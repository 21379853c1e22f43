#include "cli/upgrade_move.hpp"

#include "cli/daemon_start.hpp"
#include "cli/quiet_daemon.hpp"
#include "cli/steps.hpp"

#include <fleet/backoff.hpp>
#include <fleet/json.hpp>
#include <fleet/time.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

constexpr Millis down_limit{120'000};
constexpr char const* building_prefix =
    "moving-";  // short: sockets lie below it, and their paths may not be long

std::string time_of_now() {
    return time_text(std::chrono::floor<Millis>(std::chrono::system_clock::now()));
}

void say_step(Context& context, std::string_view step, std::string text) {
    step_sink(context)({{"step", step}, {"text", std::move(text)}, {"done", true}});
}

void rename_or_refuse(fs::path const& from, fs::path const& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (error)
        refuse(ErrorCode::not_configured,
               fmt::format("{} cannot be moved to {}: {}", from.string(), to.string(), error.message()));
}

// Both names change at once: there is no moment without a database.
void exchange(fs::path const& one, fs::path const& other) {
#if defined(SYS_renameat2)
    constexpr unsigned rename_exchange = 2;
    if (::syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), rename_exchange) == 0)
        return;
#endif
    auto const aside = fs::path(other.string() + ".aside");
    rename_or_refuse(other, aside);
    rename_or_refuse(one, other);
    rename_or_refuse(aside, one);
}

void stop_main(Context& context) {
    if (!daemon_answers(context)) return;
    CallOptions options;
    options.answer = down_limit;
    context.call("services.down", Json::object(), options);
    Backoff backoff{{Millis(20), Millis(250)}};
    for (int knocks = 0; knocks < 200 && daemon_answers(context); ++knocks) context.pause(backoff.next(0.5));
}

// The fleet as the settings of the moment say it. A context of its own: the other one may have been
// interrupted.
Source start_main(Context& context) {
    Context fresh(context.globals(), context.screen());
    if (!daemon_answers(fresh)) start_daemon(fresh, {});
    must(fresh.stream("services.up", Json::object(), step_sink(fresh)));
    Json const status = fresh.call("services.status");
    Json const& database = status.contains("database") ? status.at("database") : status;
    return {text_or(database, "provider", ""), text_or(database, "version", ""),
            text_or(database, "data_directory", ""), text_or(database, "container", ""),
            text_or(database, "image", "")};
}

HomeLock hold(Context& context, HomePlaces const& places) {
    Backoff backoff{{Millis(20), Millis(250)}};
    for (int tries = 0; tries < 40; ++tries) {
        if (auto lock = HomeLock::try_take(places)) return *std::move(lock);
        context.pause(backoff.next(0.5));
    }
    refuse(ErrorCode::services_busy, "another fleetd was started meanwhile",
           "Whoever keeps it running (systemd?) must let it stop for the move.");
}

// One copy is made at a time, and the daemon may have begun one of its own.
Json last_of(Context& context, std::string const& operation, Json const& args) {
    Backoff backoff{{Millis(200), Millis(2'000)}};
    for (int tries = 0;; ++tries) {
        auto done = context.stream(operation, args, step_sink(context));
        if (done || done.error().code != ErrorCode::services_busy || tries == 60)
            return must(std::move(done));
        context.pause(backoff.next(0.5));
    }
}

// Everything after `head` must be fleetd's own housekeeping: anything else would be missing from the copy.
void refuse_if_written_since(Context& context, std::string const& head) {
    Json const events = context.call("events.list", {{"after", head}, {"limit", 100}});
    for (Json const& event : events.at("items")) {
        auto const type = text_or(event, "type", "");
        if (text_or(event, "actor", "") == "system" || type.starts_with("host_")) continue;
        refuse(ErrorCode::services_busy,
               fmt::format("somebody else wrote to the database while it was copied: {} by {}", type,
                           text_or(event, "actor", "")),
               "A daemon of another host, or psql: stop it and try again.");
    }
}

// The old database, running for this command alone.
std::string copy_of(Context& owner, Source const& source) {
    ScratchDirectory const scratch;
    QuietDaemon daemon(owner, scratch, {"--provider", source.provider});
    Context& context = daemon.context();
    must(context.stream("services.up", Json::object(), step_sink(context)));
    auto const head = text_or(context.call("events.list", {{"limit", 1}}), "head", "");
    Json const made = last_of(context, "backups.create", Json::object());
    refuse_if_written_since(context, head);
    daemon.down();
    return made.contains("backup") ? text_or(made.at("backup"), "path", "") : "";
}

// Where the new database is built: beside the old one, on the same disk, for a private cluster; else in
// place, because a container and a foreign server have names of their own.
struct Site {
    fs::path data{};                // of its fleetd; empty: the usual one
    std::optional<fs::path> own{};  // what is removed with it

    std::vector<std::string> flags(Target const& target) const {
        auto words = target.flags();
        if (data.empty()) return words;
        words.emplace_back("--data-dir");
        words.push_back(data.string());
        return words;
    }
};

Site site_of(HomePlaces const& places, Source const& source, Target const& target) {
    std::error_code error;
    if (target.provider == "native") {
        if (source.provider != "native" && fs::exists(places.cluster, error))
            refuse(ErrorCode::already_exists,
                   fmt::format("there is an older cluster in {}", places.cluster.string()),
                   "Move it away, or remove it, when nobody needs it any more.");
        auto const own = places.cluster.parent_path() / (building_prefix + std::to_string(::getpid()));
        fs::create_directories(own, error);
        // The server's account passes through, as it does above the usual place.
        fs::permissions(own, fs::status(places.cluster.parent_path(), error).permissions(), error);
        return {own, own};
    }
    if (target.provider == "podman" && fs::exists(places.data / "podman", error)) {
        auto const own = places.data / ("podman-" + target.container);
        fs::create_directories(own, error);
        fs::permissions(own, fs::perms::owner_all, error);
        return {{}, own};
    }
    return {};
}

void give_up(Context& owner, Target const& target, Site const& site) {
    std::error_code error;
    if (target.provider != "external") {
        try {
            ScratchDirectory const scratch;
            Context fresh(owner.globals(), owner.screen());
            QuietDaemon daemon(fresh, scratch, site.flags(target));
            CallOptions options;
            options.answer = down_limit;
            daemon.context().call("services.destroy", {{"confirm", "destroy"}}, options);
        } catch (ErrorException const& failed) {
            owner.screen().note("what was half-made could not be removed: " + failed.error().message);
        }
    }
    if (site.own) fs::remove_all(*site.own, error);
}

// A container has no place that says whose it is: were this command killed, it would stay for ever. The list
// of what was kept names it until it is in use.
void note_container(HomePlaces const& places, Target const& target, bool is_there) {
    if (target.provider != "podman") return;
    auto all = kept_databases(places);
    std::erase_if(all, [&](auto const& one) { return one.container == target.container; });
    if (is_there)
        all.push_back(
            KeptDatabase{time_of_now(), "podman", "(unfinished)", {}, target.container, target.image});
    must(keep_databases(places, all));
}

void fill(Context& owner, Target const& target, Site const& site, std::string const& backup) {
    ScratchDirectory const scratch;
    QuietDaemon daemon(owner, scratch, site.flags(target));
    Context& context = daemon.context();
    must(context.stream("services.up", Json::object(), step_sink(context)));
    last_of(context, "backups.restore", {{"path", backup}, {"verify", true}});
    daemon.down();
}

fs::path free_name(fs::path const& wanted) {
    auto name = wanted;
    std::error_code error;
    for (int n = 2; fs::exists(name, error); ++n) name = fmt::format("{}-{}", wanted.string(), n);
    return name;
}

// The new database takes the old one's place, then the settings say so. What was moved comes back when they
// cannot be written; `site` is empty from the moment in which giving it up would take the old data with it.
void put_in_place(HomePlaces const& places, Source const& source, Target const& target,
                  std::optional<Site>& site) {
    auto const here = *site;
    auto const built = here.data / "postgres";
    auto const was_native = source.provider == "native";
    auto const is_native = target.provider == "native";
    site.reset();
    if (is_native && was_native) exchange(built, places.cluster);
    if (is_native && !was_native) rename_or_refuse(built, places.cluster);
    auto const written = change_settings(places.settings_file, target.changes());
    if (written) return;
    if (is_native && was_native) exchange(built, places.cluster);
    if (is_native && !was_native) rename_or_refuse(places.cluster, built);
    site = here;
    must(written);
}

// Only its name changes from here on: it would be wrong to go back for that.
KeptDatabase keep_old(Context& context, HomePlaces const& places, Source const& source, Target const& target,
                      Site const& site) {
    KeptDatabase kept{time_of_now(), source.provider, source.version, {}, source.container, source.image};
    std::error_code error;
    if (source.provider == "native") {
        auto const from = target.provider == "native" ? site.data / "postgres" : places.cluster;
        kept.place = free_name(places.cluster.parent_path() / fmt::format("postgres-{}", source.major()));
        fs::rename(from, kept.place, error);
        if (error) kept.place = from;
    }
    if (!error && target.provider == "native") fs::remove_all(*site.own, error);
    auto all = kept_databases(places);
    std::erase_if(
        all, [&](auto const& one) { return one.container == target.container && !one.container.empty(); });
    if (source.provider != "external") all.push_back(kept);
    if (auto written = keep_databases(places, all); !written) context.screen().note(written.error().message);
    return kept;
}

// What a move left that was killed: clusters that were being built. They were never used.
void clear_leftovers(Context& context, HomePlaces const& places) {
    std::error_code error;
    std::vector<fs::path> left;
    for (auto const& entry : fs::directory_iterator(places.cluster.parent_path(), error))
        if (entry.path().filename().string().starts_with(building_prefix)) left.push_back(entry.path());
    for (auto const& directory : left) {
        Target target;
        target.provider = "native";
        give_up(context, target, Site{directory, directory});
        say_step(context, "leftovers", "removed what an unfinished move had left in " + directory.string());
    }
}

}  // namespace

Moved move_database(Context& context, HomePlaces const& places, Source const& source, Target const& target) {
    std::optional<Site> site;
    Moved moved;
    stop_main(context);
    try {
        auto const lock = hold(context, places);
        clear_leftovers(context, places);
        moved.backup = copy_of(context, source);
        site = site_of(places, source, target);
        auto const built_in = *site;
        note_container(places, target, true);
        fill(context, target, built_in, moved.backup);
        put_in_place(places, source, target, site);
        moved.kept = keep_old(context, places, source, target, built_in);
    } catch (ErrorException const&) {
        if (site) {
            give_up(context, target, *site);
            note_container(places, target, false);
        }
        start_main(context);
        throw;
    }
    moved.now = start_main(context);
    return moved;
}

}  // namespace fleet::cli
