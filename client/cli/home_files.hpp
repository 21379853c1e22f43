#pragma once
// What a fleet of this account has on the disk, and what was kept when it moved.
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/settings.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fleet::cli {

// The places that fleetd would use with these settings.
struct HomePlaces {
    std::filesystem::path data;
    std::filesystem::path state;
    std::filesystem::path runtime;
    std::filesystem::path settings_file;  // the one of this user, or of FLEET_CONFIG
    std::filesystem::path cluster;        // of a private cluster; not always below `data` when root asks
};
HomePlaces home_places(Settings const& settings);

// A database that the fleet has left and that is still there.
struct KeptDatabase {
    std::string at{};
    std::string provider{};
    std::string version{};
    std::filesystem::path place{};  // of a private cluster
    std::string container{};
    std::string image{};

    std::string words() const;
};
std::vector<KeptDatabase> kept_databases(HomePlaces const& places);
// Errors: not_configured, disk_full.
Result<void> keep_databases(HomePlaces const& places, std::vector<KeptDatabase> const& kept);

// Where provider podman keeps the password and what it found out, for a container of that name.
std::filesystem::path podman_files(HomePlaces const& places, std::string const& container);

// flock(2) on the file by which fleetd sees that another one is at work with the same state.
class HomeLock {
public:
    // Empty when a fleetd has it.
    static std::optional<HomeLock> try_take(HomePlaces const& places);
    HomeLock(HomeLock&& other) noexcept;
    HomeLock& operator=(HomeLock&&) = delete;
    ~HomeLock();

private:
    explicit HomeLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

// Bytes below a path; 0 when there is nothing, or it cannot be read.
std::uint64_t bytes_below(std::filesystem::path const& path);

}  // namespace fleet::cli
