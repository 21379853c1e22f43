#include "backups/tool.hpp"

#include "pg/conninfo.hpp"
#include "services/child.hpp"
#include "services/failure.hpp"
#include "services/log_file.hpp"

#include <fleet/id.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t lines_that_tell = 60;
constexpr Millis between_looks{1'000};

std::string escaped(std::string const& text) {
    std::string out;
    for (char c : text) {
        if (c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

struct Known {
    std::string_view words;
    ErrorCode code;
    std::string_view hint;
};
constexpr std::array<Known, 9> known_words{{
    {"No space left on device", ErrorCode::disk_full, ""},
    {"Disk quota exceeded", ErrorCode::disk_full, ""},
    {"aborting because of server version mismatch", ErrorCode::wrong_major,
     "Install the client programs of the server's major, or set postgres_bin_dir."},
    {"unsupported version", ErrorCode::wrong_major,
     "The backup was written by newer programs: install them here, or set postgres_bin_dir."},
    {"server closed the connection", ErrorCode::away, ""},
    {"could not connect", ErrorCode::away, ""},
    {"connection to server", ErrorCode::away, ""},
    {"the database system is", ErrorCode::away, ""},
    {"permission denied", ErrorCode::forbidden,
     "The DSN's user needs the rights of the owner: see docs/guide/backup.md."},
}};

}  // namespace

Result<std::string> with_database(std::string const& dsn, std::string const& database) {
    auto members = pg::dsn_members(dsn);
    if (!members) return members.error();
    (*members)["dbname"] = database;
    return pg::dsn_of(*members);
}

Result<std::string> database_of(std::string const& dsn) {
    auto members = pg::dsn_members(dsn);
    if (!members) return members.error();
    if (auto const& name = (*members)["dbname"]; !name.empty()) return name;
    return (*members)["user"];
}

Result<Access> Access::make(std::string const& dsn, std::string const& database, fs::path const& directory) {
    auto members = pg::dsn_members(dsn);
    if (!members) return members.error();
    if (!database.empty()) (*members)["dbname"] = database;
    (*members)["application_name"] = "fleetd/backup";
    // Of several servers the one that our own session holds its snapshot on.
    if ((*members)["host"].find(',') != std::string::npos)
        members->try_emplace("target_session_attrs", "read-write");
    fs::path passfile;
    if (auto const secret = members->find("password"); secret != members->end()) {
        passfile = directory / ("pgpass-" + new_id("tok").substr(4));
        auto written = services::write_file(passfile, "*:*:*:*:" + escaped(secret->second) + "\n", 0600);
        if (!written) return written.error();
        members->erase(secret);
        (*members)["passfile"] = passfile.string();
    }
    if (members->at("host").empty()) members->erase("host");
    if (members->contains("sslpassword"))
        return services::failure(ErrorCode::not_configured,
                                 "a DSN with sslpassword cannot be handed to PostgreSQL's programs unseen",
                                 "Keep the client's key without a pass phrase, readable by its owner only.");
    return Access(pg::dsn_of(*members), std::move(passfile));
}

Access::Access(Access&& other) noexcept
    : conninfo_(std::move(other.conninfo_)), passfile_(std::exchange(other.passfile_, {})) {}

Access::~Access() {
    std::error_code problem;
    if (!passfile_.empty()) fs::remove(passfile_, problem);
}

Error why_tool_failed(std::string const& program, std::vector<std::string> const& lines) {
    auto const name = fs::path(program).filename().string();
    std::string last;
    for (auto const& line : lines) {
        for (auto const& known : known_words)
            if (line.find(known.words) != std::string::npos)
                return services::failure(known.code, fmt::format("{}: {}", name, line),
                                         std::string(known.hint));
        if (line.find("error:") != std::string::npos || last.empty()) last = line;
    }
    return services::failure(ErrorCode::internal,
                             fmt::format("{} failed{}{}", name, last.empty() ? "" : ": ", last),
                             "`fleet services logs` may have more.");
}

asio::awaitable<Result<void>> run_tool(asio::any_io_executor loop, ToolRun run) {
    services::Command command;
    command.arguments = run.arguments;
    command.output = run.log;
    command.account = run.account;
    auto child = services::Child::spawn(loop, std::move(command));
    if (!child) co_return child.error();
    auto const until = std::chrono::steady_clock::now() + run.limit;
    std::optional<services::Exit> exit;
    while (!exit) {
        auto const rest = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
        if (rest <= Millis(0))
            co_return services::failure(
                ErrorCode::internal,
                fmt::format("{} did not end within {}", run.arguments.front(), duration_words(run.limit)));
        exit = co_await child->wait(std::min(rest, between_looks));
        if (!exit && run.each_second) run.each_second();
    }
    if (exit->code != 0) {
        auto lines = services::last_lines(run.log, lines_that_tell);
        if (exit->signal != 0) lines.push_back(fmt::format("error: ended by signal {}", exit->signal));
        co_return why_tool_failed(run.arguments.front(), lines);
    }
    std::error_code problem;
    fs::remove(run.log, problem);
    co_return Result<void>{};
}

}  // namespace fleet::backups
