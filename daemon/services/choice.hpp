// Provider `auto`: Podman when it works, else a private cluster; and from then on what was chosen.
#pragma once

#include "services/provider.hpp"

#include "observe/log.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace fleet::services {

struct ChoiceOptions {
    // Remembers what was chosen and why: data must be found again where they were left, whatever is installed
    // meanwhile.
    std::filesystem::path file;
};

class Choice final : public Provider {
public:
    // `log` outlives it.
    Choice(ChoiceOptions options, std::unique_ptr<Provider> podman, std::unique_ptr<Provider> native,
           observe::Log& log);

    std::string_view name() const override;
    // Errors: those of the provider that was chosen before; at the first start those of Podman which a
    // private cluster would not mend, else those of the cluster.
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
    bool is_made() const override { return chosen_ != nullptr && chosen_->is_made(); }

private:
    void remember();
    asio::awaitable<Result<void>> choose(Progress progress);
    void take(Provider& provider, std::string because);

    ChoiceOptions options_;
    std::unique_ptr<Provider> podman_;
    std::unique_ptr<Provider> native_;
    observe::Log& log_;
    Provider* chosen_ = nullptr;  // one of the two
    std::string because_{};
};

}  // namespace fleet::services
