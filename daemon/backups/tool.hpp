// PostgreSQL's own programs, run as children: no password in their arguments or environment, a limit, their
// last words as an error.
#pragma once

#include "services/account.hpp"
#include "services/binaries.hpp"
#include "services/provider.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fleet::backups {

namespace asio = boost::asio;

// A connection string without a secret, and the file that holds the secret while this lives.
class Access {
public:
    // `database`: another one on the same server; "" the DSN's own. `directory` takes the passfile. Errors:
    // not_configured, disk_full.
    static Result<Access> make(std::string const& dsn, std::string const& database,
                               std::filesystem::path const& directory);
    Access(Access&& other) noexcept;
    Access& operator=(Access&&) = delete;
    ~Access();

    std::string const& conninfo() const { return conninfo_; }

private:
    Access(std::string conninfo, std::filesystem::path passfile)
        : conninfo_(std::move(conninfo)), passfile_(std::move(passfile)) {}
    std::string conninfo_;
    std::filesystem::path passfile_;
};

// The DSN with another database in it. Errors: not_configured.
Result<std::string> with_database(std::string const& dsn, std::string const& database);
// The database that a DSN names; libpq's rule when it names none: that of the user.
Result<std::string> database_of(std::string const& dsn);

struct ToolRun {
    std::vector<std::string> arguments{};  // [0] is the program
    std::filesystem::path log{};           // its output; removed when it ends well
    std::optional<services::Account> account{};
    Millis limit{3'600'000};
    std::function<void()> each_second{};  // called while it runs; may be empty
};

// Errors: disk_full, wrong_major, away, cancelled, binaries_missing, internal with the program's own words.
asio::awaitable<Result<void>> run_tool(asio::any_io_executor loop, ToolRun run);

// What a program wrote last, as an error of the catalogue.
Error why_tool_failed(std::string const& program, std::vector<std::string> const& lines);

}  // namespace fleet::backups
