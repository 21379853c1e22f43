// fleet uninstall: everything that a fleet has put on this machine for this account.
#include "cli/context.hpp"
#include "cli/daemon_start.hpp"
#include "cli/home_files.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"
#include "cli/steps.hpp"
#include "cli/toml_file.hpp"
#include "cli/upgrade_move.hpp"

#include <fleet/backoff.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

constexpr Millis stop_limit{120'000};

struct UninstallFlags {
    bool purge = false;
    bool yes = false;
    bool dry_run = false;
    bool keep_backups = false;
};

// One thing that is there, and what is done about it.
struct Item {
    std::string kind;  // "cluster", "container", …
    std::string what;
    fs::path path{};  // removed with all that is in it; empty: removed by fleetd
    std::uint64_t bytes = 0;
};

// Names that fleetd and fleet give to what they write, per directory. A directory in its usual place is ours
// as a whole; in one that somebody chose, only these are.
std::vector<std::string> const data_names{"postgres", "podman", "provider", "run", "kept.json"};
std::vector<std::string> const state_names{"host_id", "lock",         "services.json",
                                           "token",   "fleetd.start", "setup"};
std::vector<std::string> const runtime_names{"fleetd.sock", "fleetd.pid", "pg", "podman"};

// Only where nobody chose: a directory that somebody named fleet may be anything, a checkout of this very
// repository for one.
bool is_ours_as_a_whole(fs::path const& directory) {
    Settings const usual;
    for (auto const& place : {data_dir(usual), state_dir(usual), socket_path(usual).parent_path()})
        if (directory == place) return true;
    return false;
}

bool is_ours_by_name(fs::path const& directory) {
    return directory.filename() == "fleet" ||
           (directory.filename() == "run" && is_ours_by_name(directory.parent_path()));
}

bool is_known(std::string const& name, std::vector<std::string> const& names) {
    if (std::find(names.begin(), names.end(), name) != names.end()) return true;
    for (char const* start : {"postgres-", "moving-"})
        if (name.starts_with(start) && name.size() > std::strlen(start))
            return std::isdigit(static_cast<unsigned char>(name[std::strlen(start)])) != 0;
    return name.starts_with("podman-") || name.starts_with("fleetd.");
}

// What of a directory goes: each entry that is ours.
std::vector<fs::path> ours_in(fs::path const& directory, std::vector<std::string> const& names) {
    std::error_code error;
    std::vector<fs::path> found;
    auto const whole = is_ours_as_a_whole(directory);
    for (auto const& entry : fs::directory_iterator(directory, error))
        if (whole || is_known(entry.path().filename().string(), names)) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

std::string kind_of(std::string const& name) {
    static std::map<std::string, std::string> const kinds{
        {"postgres", "cluster"},   {"podman", "podman"},       {"backups", "backups"},
        {"exports", "exports"},    {"archive", "archive"},     {"wal", "archive"},
        {"run", "sockets"},        {"fleetd.sock", "sockets"}, {"pg", "sockets"},
        {"fleetd.pid", "sockets"}, {"provider", "state"},      {"kept.json", "state"}};
    if (name.starts_with("postgres-")) return "old cluster";
    if (name.starts_with("podman")) return "podman";
    auto const at = kinds.find(name);
    return at == kinds.end() ? "state" : at->second;
}

void add_files(std::vector<Item>& items, fs::path const& directory, std::vector<std::string> const& names) {
    for (auto const& path : ours_in(directory, names)) {
        auto const name = path.filename().string();
        items.push_back({kind_of(name), path.string(), path, bytes_below(path)});
    }
}

// Containers of this fleet, by the files that stand beside each: those in use and those that moves have kept.
std::map<std::string, std::string> containers_of(Context& context, HomePlaces const& places) {
    std::map<std::string, std::string> found;  // name → image
    std::error_code error;
    auto const& settings = context.settings();
    if (fs::exists(places.data / "podman/password", error))
        found[settings.podman_container] = settings.podman_image;
    for (auto const& entry : fs::directory_iterator(places.data, error)) {
        auto const name = entry.path().filename().string();
        if (name.starts_with("podman-")) found[name.substr(7)] = settings.podman_image;
    }
    for (auto const& kept : kept_databases(places))
        if (kept.provider == "podman") found[kept.container] = kept.image;
    return found;
}

// Many programs call a file manifest.json: what stands in it tells whose it is.
bool is_copy(fs::path const& directory) {
    constexpr std::uintmax_t manifest_bytes_max = 4U << 20U;
    std::error_code error;
    auto const file = directory / "manifest.json";
    if (!fs::is_regular_file(file, error) || fs::file_size(file, error) > manifest_bytes_max) return false;
    std::ifstream in(file, std::ios::binary);
    std::string const text(std::istreambuf_iterator<char>(in), {});
    auto const manifest = parse_json(text);
    return manifest && manifest->is_object() && text_or(*manifest, "format", "") == "fleettools-backup";
}

// A folder that somebody chose: only the copies in it are ours, whole or given up half-way.
void add_copies(std::vector<Item>& items, fs::path const& folder) {
    std::error_code error;
    for (auto const& entry : fs::directory_iterator(folder, error)) {
        auto const name = entry.path().filename().string();
        auto const is_unfinished = name.starts_with('.') && name.find(".unfinished-") != std::string::npos;
        if (is_copy(entry.path()) || is_unfinished || name == "redactions.json")
            items.push_back({"backups", entry.path().string(), entry.path(), bytes_below(entry.path())});
    }
}

void add_project(std::vector<Item>& items, Context& context) {
    auto const top = context.place().top;
    if (top.empty()) return;
    std::error_code error;
    for (char const* name : {".fleet/local"})
        if (auto const path = top / name; fs::exists(path, error))
            items.push_back({"tokens", path.string(), path, bytes_below(path)});
}

std::vector<Item> survey(Context& context, HomePlaces const& places, bool keep_backups) {
    std::vector<Item> items;
    for (auto const& [name, image] : containers_of(context, places))
        items.push_back(
            {"container", fmt::format("{0}, volume {0}-data, secret {0}-password (Podman)", name)});
    add_files(items, places.data, data_names);
    std::error_code error;
    auto const apart = places.cluster.parent_path() != places.data;
    if (apart && fs::exists(places.cluster, error))
        items.push_back({"cluster", places.cluster.string(), places.cluster, bytes_below(places.cluster)});
    // Nothing but what a move has put there: the list is a file that anybody may edit.
    for (auto const& kept : kept_databases(places))
        if (apart && kept.provider == "native" && kept.place.parent_path() == places.cluster.parent_path() &&
            kept.place.filename().string().starts_with("postgres-") && fs::exists(kept.place, error))
            items.push_back({"old cluster", kept.place.string(), kept.place, bytes_below(kept.place)});
    if (places.runtime.parent_path() != places.data) add_files(items, places.runtime, runtime_names);
    add_files(items, places.state, state_names);
    auto const unit = places.settings_file.parent_path().parent_path() / "systemd/user/fleetd.service";
    for (auto const& [kind, path] : {std::pair{"config", places.settings_file}, std::pair{"unit", unit}})
        if (fs::exists(path, error)) items.push_back({kind, path.string(), path, bytes_below(path)});
    if (!is_ours_as_a_whole(places.data)) add_copies(items, places.data / "backups");
    if (auto const& folder = context.settings().backup_dir; !folder.empty()) add_copies(items, folder);
    add_project(items, context);
    if (keep_backups) std::erase_if(items, [](Item const& item) { return item.kind == "backups"; });
    return items;
}

void show(Context& context, std::vector<Item> const& items, bool daemon_runs) {
    Screen& screen = context.screen();
    if (daemon_runs) screen.say(fmt::format("  {:<12} {}", "daemon", "runs; it is stopped first"));
    for (auto const& item : items)
        screen.say(fmt::format(
            "  {:<12} {}{}", item.kind, printable(item.what),
            item.bytes == 0 ? "" : fmt::format("  {}", size_words(static_cast<std::int64_t>(item.bytes)))));
}

void stop(Context& context) {
    if (!daemon_answers(context)) return;
    CallOptions options;
    options.answer = stop_limit;
    // A database that cannot be stopped in order is removed all the same, by whoever made it.
    auto const stopped = context.try_call("services.down", Json::object(), options);
    if (!stopped) context.screen().note(stopped.error().message);
    Backoff backoff{{Millis(20), Millis(250)}};
    for (int knocks = 0; knocks < 200 && daemon_answers(context); ++knocks) context.pause(backoff.next(0.5));
    if (daemon_answers(context))
        refuse(ErrorCode::services_busy, "fleetd does not stop, or something starts it again",
               "Stop it (systemctl --user disable --now fleetd), then try again.");
}

// A directory goes when nothing is left in it; with it those above that carry our name.
void remove_empty(fs::path directory) {
    std::error_code error;
    while (is_ours_by_name(directory) || fs::is_empty(directory, error)) {
        if (!fs::remove(directory, error) || !is_ours_by_name(directory.parent_path())) return;
        directory = directory.parent_path();
    }
}

std::vector<std::string> remove_all(std::vector<Item> const& items, HomePlaces const& places) {
    std::vector<std::string> left;
    for (auto const& item : items) {
        if (item.path.empty()) continue;
        std::error_code error;
        fs::remove_all(item.path, error);
        if (error) left.push_back(fmt::format("{}: {}", item.path.string(), error.message()));
    }
    if (std::error_code error; fs::is_empty(places.data / "backups", error))
        fs::remove(places.data / "backups", error);
    for (auto const& directory : {places.runtime, places.state, places.data,
                                  places.settings_file.parent_path(), places.cluster.parent_path()})
        if (is_ours_by_name(directory)) remove_empty(directory);
    return left;
}

void ask(Context& context, bool yes) {
    if (yes) return;
    if (context.is_json() || ::isatty(0) != 1)
        refuse(ErrorCode::usage, "all of this is deleted for good", "Add --yes to say that you mean it.");
    std::cerr << "All of this is deleted for good. Write \"purge\" to go on: " << std::flush;
    std::string word;
    std::getline(std::cin, word);
    if (word != "purge") refuse(ErrorCode::cancelled, "nothing was deleted");
}

Json items_json(std::vector<Item> const& items) {
    Json list = Json::array();
    for (auto const& item : items)
        list.push_back({{"kind", item.kind}, {"what", item.what}, {"bytes", item.bytes}});
    return list;
}

int uninstall(Context& context, UninstallFlags const& flags) {
    auto const places = home_places(context.settings());
    auto items = survey(context, places, flags.keep_backups);
    auto const runs = daemon_answers(context);
    Screen& screen = context.screen();
    if (!flags.purge || flags.dry_run) {
        screen.document(
            {{"items", items_json(items)}, {"daemon", runs ? "running" : "stopped"}, {"purged", false}});
        show(context, items, runs);
        screen.say(flags.purge
                       ? "All of this would be deleted."
                       : "`fleet uninstall --purge` deletes all of this; `make uninstall` the programs.");
        return 0;
    }
    if (items.empty() && !runs) {
        screen.document({{"items", Json::array()}, {"purged", true}});
        screen.say("there is nothing of a fleet here.");
        return 0;
    }
    show(context, items, runs);
    ask(context, flags.yes);
    stop(context);
    stop_cluster(context, places);
    for (auto const& [name, image] : containers_of(context, places))
        destroy_container(context, places, name, image);
    // What fleetd itself has written on its way out is there now, too.
    items = survey(context, places, flags.keep_backups);
    auto const left = remove_all(items, places);
    screen.document({{"items", items_json(items)}, {"left", left}, {"purged", left.empty()}});
    for (auto const& line : left) screen.say("could not be removed: " + printable(line));
    if (!left.empty()) return 1;
    screen.say(flags.keep_backups ? "everything but the backups is gone." : "nothing is left of it.");
    screen.note(
        "  → `make uninstall` removes the programs. A .fleet/config.toml in a repository is part of that "
        "repository.");
    return 0;
}

}  // namespace

void add_uninstall(Menu& menu) {
    auto flags = std::make_shared<UninstallFlags>();
    auto& app = menu.command("uninstall", "Say what a fleet has on this machine; with --purge, delete it",
                             "Services", [flags](Context& context) { return uninstall(context, *flags); });
    app.add_flag("--purge", flags->purge,
                 "Delete it: database, container, backups, state, settings, sockets");
    app.add_flag("--keep-backups", flags->keep_backups, "But the backups");
    app.add_flag("--dry-run", flags->dry_run, "Say what would be deleted");
    app.add_flag("--yes", flags->yes, "Do not ask");
}

}  // namespace fleet::cli
