#pragma once
// Where a database is to go, from what is said and what is there; no I/O.
#include "cli/settings_edit.hpp"

#include <fleet/result.hpp>
#include <fleet/settings.hpp>

#include <functional>
#include <string>
#include <vector>

namespace fleet::cli {

struct UpgradeFlags {
    std::string provider{};
    int major = 0;  // 0: as it comes
    std::string bin_dir{};
    std::string image{};
    std::string dsn_file{};
    bool yes = false;
    bool dry_run = false;
    bool forget_old = false;
};

// Where it is now, as services.status tells.
struct Source {
    std::string provider{};
    std::string version{};         // "15.20"
    std::string data_directory{};  // of a private cluster
    std::string container{};
    std::string image{};

    int major() const;
    std::string words() const;  // "PostgreSQL 15.20 (native)"
};

struct Target {
    std::string provider{};
    int major = 0;  // 0: not known before it runs
    std::string bin_dir{};
    std::string container{};
    std::string image{};
    std::string dsn_file{};

    std::string words() const;
    // For the fleetd that makes it.
    std::vector<std::string> flags() const;
    // For every fleetd from then on.
    SettingChanges changes() const;
};

// What the plan has to ask the machine.
struct MachineFacts {
    std::function<bool(std::string const& container)> is_used{};  // has data of this fleet, old ones too
    std::function<int(std::string const& bin_dir)> major_in{};    // of the programs there; 0: none
};

// Errors: usage (nothing to do, an older major, flags that do not go together), binaries_missing.
Result<Target> plan_upgrade(UpgradeFlags const& flags, Source const& source, Settings const& settings,
                            MachineFacts const& facts);

// "docker.io/library/postgres:17" with another major: the tag is exchanged.
std::string image_of_major(std::string const& image, int major);

// "15" of "15.20", also of "18beta1"; 0 when there is none.
int major_of_version(std::string const& version);

}  // namespace fleet::cli
