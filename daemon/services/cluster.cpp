#include "services/cluster.hpp"

#include "services/failure.hpp"
#include "services/machine.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>

#include <sys/random.h>
#include <unistd.h>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

struct Known {
    std::string_view words;  // in the server's log
    ErrorCode code;
    std::string_view hint;  // empty: the catalogue's
};

// What the server says, in English (LC_ALL is set for it), and what to do.
constexpr std::array<Known, 10> known_endings{{
    {"could not locate a valid checkpoint record", ErrorCode::internal,
     "The write-ahead log is damaged: `fleet doctor` names the file. Keep a copy of the directory, then "
     "`fleet services destroy`, `fleet services up` and `fleet restore`."},
    {"No space left on device", ErrorCode::disk_full, ""},
    {"Disk quota exceeded", ErrorCode::disk_full, ""},
    {"Address already in use", ErrorCode::port_taken, ""},
    {"are incompatible with server", ErrorCode::wrong_major, ""},
    {"shared memory block", ErrorCode::pid_stale,
     "End the processes that still use the data directory, then try again."},
    {"lock file \"postmaster.pid\" already exists", ErrorCode::pid_stale, ""},
    {"could not create shared memory segment", ErrorCode::not_configured,
     "The machine allows too little shared memory: set postgres_memory lower, or remove leftovers with "
     "`ipcrm`."},
    {"Cannot allocate memory", ErrorCode::not_configured, "Set postgres_memory lower."},
    {"ermission", ErrorCode::not_configured,
     "The directory must belong to the server's account, with mode 0700."},
}};

}  // namespace

std::string server_conf(ServerConf const& conf) {
    auto text = fmt::format(
        R"(# Written by fleetd at each start. Change settings with ALTER SYSTEM: they win over this file.
listen_addresses = '{}'
port = {}
unix_socket_directories = '{}'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'

shared_buffers = {}kB
max_connections = 200
max_locks_per_transaction = 128
wal_compression = on
jit = off

# A client that went away is noticed, and a cut network too.
client_connection_check_interval = '5s'
tcp_keepalives_idle = 30
tcp_keepalives_interval = 10
tcp_keepalives_count = 3
tcp_user_timeout = '10s'

{}
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d %a '
log_timezone = 'UTC'
log_lock_waits = on
deadlock_timeout = '1s'
log_checkpoints = off
timezone = 'UTC'
lc_messages = 'C'
track_io_timing = on
autovacuum_vacuum_insert_threshold = 10000
)",
        loopback, conf.port, conf.socket_directory.string(), conf.shared_buffers_bytes / 1024,
        archive_lines(conf));
    for (auto const& line : conf.more) text += line + "\n";
    return text;
}

std::string access_rules() {
    return "# Written by fleetd when the cluster was made.\n"
           "local   all          all                 scram-sha-256\n"
           "host    all          all  127.0.0.1/32   scram-sha-256\n"
           "host    all          all  ::1/128        scram-sha-256\n"
           "local   replication  all                 scram-sha-256\n";
}

std::string pgpass_lines(ServerConf const& conf, std::string_view password) {
    std::string socket;
    for (char c : conf.socket_directory.string()) {
        if (c == ':' || c == '\\') socket += '\\';
        socket += c;
    }
    return fmt::format("{0}:*:*:{2}:{3}\n{1}:*:*:{2}:{3}\nlocalhost:*:*:{2}:{3}\n", socket, loopback,
                       cluster_user, password);
}

Result<std::optional<std::string>> data_version(ClusterPaths const& paths) {
    std::error_code problem;
    if (!fs::exists(paths.data(), problem)) return std::optional<std::string>{};
    auto text = read_file(paths.data() / "PG_VERSION");
    while (text && !text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
    if (text && major_of(*text) > 0) return std::optional<std::string>(*std::move(text));
    return failure(ErrorCode::wrong_major,
                   fmt::format("{} is there, but its PG_VERSION cannot be read", paths.data().string()),
                   "It is not a whole cluster. Move it away, or give fleetd the right to read it.");
}

Result<void> make_directories(ClusterPaths const& paths, std::optional<Account> const& account) {
    // The server's account must get through, and see no more than that.
    auto made = make_directory(paths.root, account ? 0711 : 0700, std::nullopt);
    if (made) made = make_directory(paths.log_directory(), 0700, std::nullopt);
    if (made && account) {
        if (auto closed = closed_parent(paths.data(), *account))
            return failure(
                ErrorCode::not_configured,
                fmt::format("the server runs as '{}', who may not pass {}", account->name, closed->string()),
                fmt::format("Set data_dir to a place such as /var/lib/fleet, or `chmod o+x {}`.",
                            closed->string()));
    }
    return made;
}

Result<fs::path> choose_socket_directory(std::vector<fs::path> const& candidates,
                                         std::optional<Account> const& account) {
    std::size_t shortest = std::string::npos;
    for (auto const& candidate : candidates) {
        shortest = std::min(shortest, (candidate / ".s.PGSQL.65535").string().size());
        if (!socket_path_fits(candidate)) continue;
        if (account && closed_parent(candidate / "socket", *account)) continue;
        return candidate;
    }
    return failure(
        ErrorCode::not_configured,
        fmt::format("the path of the server's socket would have {} bytes or be out of its reach; the system "
                    "allows {}",
                    shortest, socket_path_max),
        "Set data_dir or runtime_dir to a shorter path.");
}

std::string draw_password() {
    constexpr std::string_view letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    std::array<unsigned char, 256> random{};
    if (::getentropy(random.data(), random.size()) != 0) return {};
    std::string password;
    // Numbers that would make some letters likelier than others are passed over.
    for (auto byte : random) {
        if (byte >= 256 / letters.size() * letters.size()) continue;
        password += letters[byte % letters.size()];
        if (password.size() == 32) break;
    }
    return password;
}

Error why_it_ended(std::string_view program, std::vector<std::string> const& lines, int port) {
    for (auto const& known : known_endings)
        for (auto const& line : lines) {
            if (line.find(known.words) == std::string::npos) continue;
            auto const message = known.code == ErrorCode::port_taken
                                     ? fmt::format("port {} on {} is taken", port, loopback)
                                     : fmt::format("{} ended: {}", program, line);
            return failure(known.code, message, std::string(known.hint));
        }
    std::string last;
    for (auto const& line : lines) {
        auto const says_why = line.find("FATAL") != std::string::npos ||
                              line.find("error:") != std::string::npos ||
                              line.find("PANIC") != std::string::npos;
        if (says_why || (last.empty() && !line.empty())) last = line;
    }
    return failure(ErrorCode::internal, fmt::format("{} ended{}{}", program, last.empty() ? "" : ": ", last),
                   "`fleet services logs postgres` shows what it wrote.");
}

Result<void> remove_cluster(ClusterPaths const& paths) {
    std::error_code problem;
    for (auto const& path :
         {paths.unfinished(), paths.data(), paths.socket_directory(), paths.log_directory(), paths.password(),
          paths.pgpass(), paths.port(), paths.initdb_password()}) {
        fs::remove_all(path, problem);
        if (problem) return system_failure("cannot remove " + path.string(), problem.value());
    }
    return {};
}

}  // namespace fleet::services
