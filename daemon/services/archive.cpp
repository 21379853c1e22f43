// How finished WAL gets out of a private cluster, and back into a recovering one.
#include "services/cluster.hpp"
#include "services/failure.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <fstream>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

// For /bin/sh, inside a command of PostgreSQL's, where % begins a placeholder.
std::string shell_path(fs::path const& path) {
    std::string quoted = "'";
    for (char c : path.string()) {
        if (c == '\'')
            quoted += "'\\''";
        else if (c == '%')
            quoted += "%%";
        else
            quoted += c;
    }
    return quoted + "'";
}

}  // namespace

std::string conf_value(std::string_view value) {
    std::string quoted = "'";
    for (char c : value) {
        if (c == '\'' || c == '\\') quoted += c;
        quoted += c;
    }
    return quoted + "'";
}

std::string archive_command(fs::path const& archive) {
    // A piece that is there already was archived before a crash: the same bytes are well, others are not
    // ours.
    return fmt::format(
        "d={}; if test -f \"$d/%f\"; then cmp -s \"%p\" \"$d/%f\"; else cp \"%p\" \"$d/.%f.part\" && "
        "sync \"$d/.%f.part\" && mv \"$d/.%f.part\" \"$d/%f\" && sync \"$d\"; fi",
        shell_path(archive));
}

std::string restore_command(fs::path const& archive, fs::path const& present) {
    return fmt::format("cp {}/\"%f\" \"%p\" 2>/dev/null || cp {}/pg_wal/\"%f\" \"%p\" 2>/dev/null",
                       shell_path(archive), shell_path(present));
}

std::string archive_lines(ServerConf const& conf) {
    if (conf.archive.empty()) return {};
    return fmt::format(
        "\n# Finished WAL is kept for a restore to a point in time.\narchive_mode = on\n"
        "archive_timeout = {}\narchive_command = {}\n",
        conf.archive_seconds, conf_value(archive_command(conf.archive)));
}

Result<std::string> system_identifier(fs::path const& data) {
    // The first member of the control file, in the machine's own byte order.
    std::ifstream file(data / "global" / "pg_control", std::ios::binary);
    std::uint64_t number = 0;
    char bytes[sizeof number];
    if (!file.read(bytes, sizeof bytes))
        return failure(ErrorCode::wrong_major, (data / "global/pg_control").string() + " cannot be read",
                       "It is not a whole cluster.");
    std::memcpy(&number, bytes, sizeof number);
    return fmt::format("{:016x}", number);
}

}  // namespace fleet::services
