// Podman's own REST interface over the unix socket of its service.
#pragma once

#include "services/engine.hpp"

#include "transport/endpoint.hpp"
#include "transport/http_connection.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::services {

// Takes the two streams of a container apart: frames of 8 bytes (1 or 2, three zeros, the length in
// big-endian order) and that many bytes. What is left over at the end is no whole frame.
class FrameReader {
public:
    // The whole frames among what has come so far.
    std::vector<std::string> take(std::string_view bytes);

private:
    std::string rest_;
};

// Each call has a connection of its own: one costs a tenth of a millisecond, and a call that is given up
// leaves no half-read answer to the next.
class Libpod final : public Engine {
public:
    Libpod(asio::any_io_executor executor, std::filesystem::path socket);

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
    transport::HttpRequest request(std::string method, std::string target) const;
    asio::awaitable<Result<transport::HttpAnswer>> exchange(transport::HttpRequest request, Millis limit);
    // The document of an answer, empty for 404.
    asio::awaitable<Result<std::optional<Json>>> look(std::string target);
    // For what changes something; a 304 says that it was so already.
    asio::awaitable<Result<void>> act(transport::HttpRequest request, Millis limit);
    asio::awaitable<Result<void>> remove_at(std::string target);

    asio::any_io_executor executor_;
    transport::Endpoint endpoint_;
    std::string version_{};
};

}  // namespace fleet::services
