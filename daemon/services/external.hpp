// A server that somebody else runs: used, never started, stopped or removed.
#pragma once

#include "services/provider.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <filesystem>
#include <string>

namespace fleet::services {

struct ExternalOptions {
    std::string dsn{};
    std::filesystem::path dsn_file{};  // read at each use, so that a password can be changed
    Millis start_limit{5'000};         // for the server to answer
};

class External final : public Provider {
public:
    External(asio::any_io_executor executor, ExternalOptions options, Probe probe);

    std::string_view name() const override { return "external"; }
    asio::awaitable<Result<void>> start(Progress progress) override;
    asio::awaitable<Result<void>> stop(Progress progress) override;
    asio::awaitable<ServerStatus> status(Millis limit) override;
    asio::awaitable<Result<void>> logs(LogRequest request, LineSink sink) override;
    asio::awaitable<Result<void>> destroy(Progress progress) override;
    asio::awaitable<std::string> ended() override;
    Result<std::string> dsn() const override;
    Result<std::string> url() const override;
    bool manages() const override { return false; }
    bool is_made() const override;

private:
    asio::any_io_executor executor_;
    ExternalOptions options_;
    Probe probe_;
};

}  // namespace fleet::services
