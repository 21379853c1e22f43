// A private cluster, run from the programs that are installed on this machine, without root and without a
// container.
#pragma once

#include "services/child.hpp"
#include "services/cluster.hpp"
#include "services/machine.hpp"
#include "services/postmaster.hpp"
#include "services/provider.hpp"

#include "observe/log.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fleet::services {

struct NativeOptions {
    ClusterPaths paths;
    std::vector<std::filesystem::path> socket_directories{};  // after the cluster's own
    PlacesToLook places{};
    std::string run_as{};
    int port = 0;  // 0: chosen at first start and kept
    std::int64_t shared_buffers_bytes = 64 << 20;
    Millis start_limit{60'000};
    Millis stop_limit{30'000};
    Millis lock_limit{60'000};                       // for another `up` on the same directory to end
    std::uint64_t bytes_for_cluster = 200ULL << 20;  // free space before initdb
    std::uint64_t bytes_for_start = 32ULL << 20;
    bool keeps_wal = false;  // archives what is finished
    Millis archive_timeout{60'000};
    Millis recovery_limit{1'800'000};  // for WAL to be replayed
};

// The server gets a session of its own and outlives the daemon; the next daemon finds it by postmaster.pid.
class Native final : public Provider {
public:
    // `log` outlives it.
    Native(asio::any_io_executor executor, NativeOptions options, Probe probe, observe::Log& log);

    std::string_view name() const override { return "native"; }
    asio::awaitable<Result<void>> start(Progress progress) override;
    asio::awaitable<Result<void>> stop(Progress progress) override;
    asio::awaitable<ServerStatus> status(Millis limit) override;
    asio::awaitable<Result<void>> logs(LogRequest request, LineSink sink) override;
    asio::awaitable<Result<void>> destroy(Progress progress) override;
    asio::awaitable<Result<std::string>> set_aside(Progress progress) override;
    asio::awaitable<Result<std::string>> recover(RecoveryPlan plan, Progress progress) override;
    asio::awaitable<Result<std::string>> take_recovered(Progress progress) override;
    asio::awaitable<void> drop_recovered() override;
    std::filesystem::path archive() const override;
    asio::awaitable<std::string> ended() override;
    Result<std::string> dsn() const override;
    Result<std::string> url() const override;
    bool manages() const override { return true; }
    bool is_made() const override;

private:
    struct Prepared {
        std::optional<Account> account;
        Binaries binaries;
        bool has_data = false;
    };
    Result<Prepared> prepare(Progress const& progress);
    asio::awaitable<Result<void>> initialise(Prepared prepared, Progress progress);
    asio::awaitable<Result<void>> run_initdb(Prepared prepared);
    asio::awaitable<Result<void>> make_database(Prepared prepared);
    asio::awaitable<Result<void>> clear_stale_pid(Progress progress);
    Result<ServerConf> configure(Prepared const& prepared);
    Result<int> choose_port() const;
    asio::awaitable<Result<void>> launch(Prepared prepared, Progress progress);
    asio::awaitable<Result<void>> wait_until_answers(Progress progress);
    std::optional<PostmasterPid> running() const;
    Result<std::filesystem::path> make_archive(std::optional<Account> const& account) const;
    asio::awaitable<Result<void>> unpack(std::filesystem::path base, Prepared prepared);
    asio::awaitable<Result<void>> put_aside(Progress progress);
    asio::awaitable<Result<void>> move_in(std::filesystem::path place);
    asio::awaitable<Result<std::string>> replay(RecoveryPlan plan, Prepared prepared, Progress progress);

    asio::any_io_executor executor_;
    NativeOptions options_;
    Probe probe_;
    observe::Log& log_;
    std::optional<Child> server_;
    std::string kept_as_{};           // where data went that were put aside last
    std::optional<Child> recovered_;  // the server of data that are being recovered
    std::uintmax_t log_began_ = 0;  // size of the log when the server was launched
};

}  // namespace fleet::services
