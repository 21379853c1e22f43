// The podman program, for where no service of it can be had.
#pragma once

#include "services/engine.hpp"
#include "services/program_run.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace fleet::services {

// How the program is called: with our whole environment, which says where the account's containers are.
struct PodmanCall {
    std::filesystem::path program;
    std::string runtime{};  // empty: its own choice

    Command command(std::vector<std::string> words) const;
};

class PodmanProgram final : public Engine {
public:
    PodmanProgram(asio::any_io_executor executor, PodmanCall call);

    std::string words() const override;
    asio::awaitable<bool> answers() override;
    asio::awaitable<Result<std::optional<ImageFacts>>> image(std::string name) override;
    asio::awaitable<Result<void>> pull(std::string name, Progress progress) override;
    asio::awaitable<Result<std::optional<Labels>>> volume(std::string name) override;
    asio::awaitable<Result<void>> make_volume(std::string name, Labels labels) override;
    asio::awaitable<Result<void>> remove_volume(std::string name) override;
    asio::awaitable<Result<std::optional<Labels>>> secret(std::string name) override;
    asio::awaitable<Result<void>> make_secret(std::string name, std::string text, Labels labels) override;
    asio::awaitable<Result<void>> remove_secret(std::string name) override;
    asio::awaitable<Result<std::optional<ContainerFacts>>> container(std::string name) override;
    asio::awaitable<Result<void>> create(ContainerPlan plan) override;
    asio::awaitable<Result<void>> start(std::string name) override;
    asio::awaitable<Result<void>> stop(std::string name, Millis limit) override;
    asio::awaitable<Result<void>> remove(std::string name) override;
    asio::awaitable<Result<void>> wait(std::string name) override;
    asio::awaitable<Result<std::optional<std::string>>> file(std::string name, std::string path) override;
    asio::awaitable<Result<void>> logs(std::string name, ContainerLog wanted, LineSink sink) override;

private:
    // What it says; an error with its last line when it fails, `not_found` when that line says so.
    asio::awaitable<Result<std::string>> ask(std::vector<std::string> words, Millis limit,
                                             std::string input = {});
    asio::awaitable<Result<void>> act(std::vector<std::string> words, Millis limit);
    asio::awaitable<Result<void>> remove_by(std::vector<std::string> words);
    asio::awaitable<Result<std::optional<Json>>> inspect(std::vector<std::string> words);

    asio::any_io_executor executor_;
    PodmanCall call_;
    std::string version_{};
};

}  // namespace fleet::services
