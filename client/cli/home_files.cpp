#include "cli/home_files.hpp"

#include "cli/toml_file.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

constexpr char const* kept_name = "kept.json";

// As fleetd does it: root's home is closed to the account of the server.
fs::path cluster_of(fs::path const& data, Settings const& settings) {
    std::error_code error;
    auto const usual = data / "postgres";
    auto const* chosen = std::getenv("XDG_DATA_HOME");
    auto const was_chosen = !settings.data_dir.empty() || (chosen != nullptr && *chosen != '\0');
    if (fs::exists(usual, error) || ::geteuid() != 0 || was_chosen) return usual;
    // That of a daemon of the whole machine has its state beside it; it is not this user's.
    fs::path const apart = "/var/lib/fleet/postgres";
    auto const is_ours = fs::exists(apart, error) && !fs::exists(apart.parent_path() / "state", error);
    return is_ours ? apart : usual;
}

KeptDatabase kept_of(Json const& json) {
    KeptDatabase one;
    one.at = text_or(json, "at", "");
    one.provider = text_or(json, "provider", "");
    one.version = text_or(json, "version", "");
    one.place = text_or(json, "place", "");
    one.container = text_or(json, "container", "");
    one.image = text_or(json, "image", "");
    return one;
}

}  // namespace

HomePlaces home_places(Settings const& settings) {
    HomePlaces places;
    places.data = data_dir(settings);
    places.state = state_dir(settings);
    places.runtime = socket_path(settings).parent_path();
    places.settings_file = user_settings_file();
    places.cluster = cluster_of(places.data, settings);
    return places;
}

std::string KeptDatabase::words() const {
    auto const where =
        provider == "podman" ? fmt::format("volume {}-data of Podman", container) : place.string();
    return fmt::format("PostgreSQL {} as it was at {}: {}", version, at, where);
}

std::vector<KeptDatabase> kept_databases(HomePlaces const& places) {
    std::ifstream in(places.data / kept_name);
    std::ostringstream all;
    all << in.rdbuf();
    std::vector<KeptDatabase> kept;
    auto const json = parse_json(all.str());
    if (!json || !json->is_object() || !json->contains("items")) return kept;
    for (Json const& one : json->at("items")) kept.push_back(kept_of(one));
    return kept;
}

Result<void> keep_databases(HomePlaces const& places, std::vector<KeptDatabase> const& kept) {
    auto const file = places.data / kept_name;
    std::error_code error;
    if (kept.empty()) {
        fs::remove(file, error);
        return {};
    }
    Json items = Json::array();
    for (auto const& one : kept)
        items.push_back({{"at", one.at},
                         {"provider", one.provider},
                         {"version", one.version},
                         {"place", one.place.string()},
                         {"container", one.container},
                         {"image", one.image}});
    auto const unfinished = fs::path(file.string() + ".new");
    std::ofstream out(unfinished, std::ios::trunc);
    out << json_text(Json{{"items", items}}) << "\n" << std::flush;
    if (out) fs::rename(unfinished, file, error);
    if (out && !error) return {};
    return make_error(ErrorCode::not_configured, fmt::format("{} cannot be written", file.string()));
}

fs::path podman_files(HomePlaces const& places, std::string const& container) {
    std::error_code error;
    auto const apart = places.data / ("podman-" + container);
    return fs::exists(apart, error) ? apart : places.data / "podman";
}

std::optional<HomeLock> HomeLock::try_take(HomePlaces const& places) {
    std::error_code error;
    fs::create_directories(places.state, error);
    auto const descriptor = ::open((places.state / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return std::nullopt;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor);
        return std::nullopt;
    }
    // Who finds it taken is told by whom.
    auto const text = std::to_string(::getpid()) + "\n";
    [[maybe_unused]] auto const cut = ::ftruncate(descriptor, 0);
    [[maybe_unused]] auto const written = ::pwrite(descriptor, text.data(), text.size(), 0);
    return HomeLock(descriptor);
}

HomeLock::HomeLock(HomeLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

HomeLock::~HomeLock() {
    if (descriptor_ < 0) return;
    [[maybe_unused]] auto const cut = ::ftruncate(descriptor_, 0);
    ::close(descriptor_);
}

std::uint64_t bytes_below(fs::path const& path) {
    std::error_code error;
    if (fs::is_regular_file(fs::symlink_status(path, error))) return fs::file_size(path, error);
    std::uint64_t bytes = 0;
    auto const options = fs::directory_options::skip_permission_denied;
    for (auto at = fs::recursive_directory_iterator(path, options, error);
         at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (error) break;
        std::error_code gone;
        if (fs::is_regular_file(at->symlink_status(gone))) bytes += at->file_size(gone);
    }
    return bytes;
}

}  // namespace fleet::cli
