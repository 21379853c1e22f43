// Where PostgreSQL's programs are.
#pragma once

#include <fleet/result.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::services {

inline constexpr int oldest_major = 15;

struct Binaries {
    std::filesystem::path directory;  // holds initdb and postgres
    int major = 0;
    std::string version;  // "15.16"
};

struct PlacesToLook {
    std::filesystem::path configured{};  // setting postgres_bin_dir; nothing else counts when given
    std::filesystem::path versioned{"/usr/lib/postgresql"};  // <major>/bin below it, as Debian installs them
    std::string path{};                                      // the environment's PATH
};

// "postgres (PostgreSQL) 15.16 (Debian …)" → "15.16"; also "18beta1". Empty when it is none.
std::string version_in(std::string_view words);
int major_of(std::string_view version);

// Every directory with both programs, the newest major first. Runs `postgres --version` of each, some ms
// each.
std::vector<Binaries> installed_binaries(PlacesToLook const& places);

// The newest supported ones, or those that made the data when there are some (`data_version` as in
// PG_VERSION). Errors: binaries_missing; wrong_major when there are some, but none for the data.
Result<Binaries> choose_binaries(PlacesToLook const& places, std::optional<std::string> const& data_version);

// A program of PostgreSQL's that talks to a server: pg_dump, pg_restore, pg_basebackup.
struct ClientProgram {
    std::filesystem::path path;
    int major = 0;
    std::string version;
};

// The one that fits a server of `server_major` best: of the same major, else the next newer one, which reads
// older servers. With `exactly` no other major will do (pg_basebackup's WAL, pg_verifybackup). Errors:
// binaries_missing, with what to install.
Result<ClientProgram> choose_client(PlacesToLook const& places, std::string const& program, int server_major,
                                    bool exactly = false);

}  // namespace fleet::services
