#include "services/libpod.hpp"

#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fleet::services {
namespace {

using transport::encode_segment;
using transport::HttpAnswer;
using transport::HttpConnection;
using transport::HttpRequest;

constexpr int not_there = 404;
constexpr int was_so_already = 304;
constexpr Millis connect_limit{2'000};
constexpr Millis look_limit{10'000};
constexpr Millis act_limit{60'000};
constexpr Millis ping_limit{2'000};
constexpr Millis stop_margin{15'000};
constexpr Millis for_ever{0};

bool is_fine(HttpAnswer const& answer) {
    return answer.is_ok() || answer.status == was_so_already;
}

// Podman answers {"cause", "message", "response"}; the message ends in the cause.
Error refusal(HttpAnswer const& answer) {
    auto document = parse_json(answer.body);
    auto words = document ? text_or(*document, "message", "") : std::string{};
    if (words.empty() && document) words = text_or(*document, "cause", "");
    if (words.empty()) words = fmt::format("Podman answered {} without a word", answer.status);
    return failure(answer.status == not_there ? ErrorCode::not_found : ErrorCode::internal, words);
}

Error gone(Error const& why) {
    if (why.code == ErrorCode::cancelled) return why;
    return failure(ErrorCode::podman_missing, "Podman's service went away: " + why.message,
                   "Try again; `podman info` shows whether Podman is well.");
}

std::string query_flag(std::string_view name, bool is_set) {
    return fmt::format("{}={}", name, is_set ? "true" : "false");
}

}  // namespace

std::vector<std::string> FrameReader::take(std::string_view bytes) {
    constexpr std::size_t head = 8;
    rest_ += bytes;
    std::vector<std::string> frames;
    std::size_t at = 0;
    while (rest_.size() - at >= head) {
        std::size_t length = 0;
        for (std::size_t i = 4; i < head; ++i)
            length = length << 8U | static_cast<unsigned char>(rest_[at + i]);
        if (rest_.size() - at - head < length) break;
        frames.push_back(rest_.substr(at + head, length));
        at += head + length;
    }
    rest_.erase(0, at);
    return frames;
}

Libpod::Libpod(asio::any_io_executor executor, std::filesystem::path socket)
    : executor_(std::move(executor)) {
    endpoint_.path = socket.string();
}

std::string Libpod::words() const {
    return fmt::format("Podman{}{} at {}", version_.empty() ? "" : " ", version_, endpoint_.path);
}

HttpRequest Libpod::request(std::string method, std::string target) const {
    HttpRequest request;
    request.method = std::move(method);
    request.target = "/v4.0.0/libpod" + target;
    return request;
}

asio::awaitable<Result<HttpAnswer>> Libpod::exchange(HttpRequest request, Millis limit) {
    HttpConnection connection(executor_, endpoint_);
    auto connected = co_await connection.connect(connect_limit);
    if (!connected) co_return gone(connected.error());
    auto answer = co_await connection.exchange(std::move(request), limit);
    if (!answer) co_return gone(answer.error());
    co_return answer;
}

asio::awaitable<bool> Libpod::answers() {
    auto ping = request("GET", "/_ping");
    auto answer = co_await exchange(std::move(ping), ping_limit);
    if (!answer || !answer->is_ok()) co_return false;
    version_ = answer->header("libpod-api-version");
    co_return !version_.empty();
}

asio::awaitable<Result<std::optional<Json>>> Libpod::look(std::string target) {
    auto question = request("GET", std::move(target));
    auto answer = co_await exchange(std::move(question), look_limit);
    if (!answer) co_return answer.error();
    if (answer->status == not_there) co_return std::optional<Json>{};
    if (!answer->is_ok()) co_return refusal(*answer);
    auto document = parse_json(answer->body);
    if (!document) co_return document.error();
    co_return std::optional<Json>(*std::move(document));
}

asio::awaitable<Result<void>> Libpod::act(HttpRequest request, Millis limit) {
    auto answer = co_await exchange(std::move(request), limit);
    if (!answer) co_return answer.error();
    if (!is_fine(*answer)) co_return refusal(*answer);
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Libpod::remove_at(std::string target) {
    auto demand = request("DELETE", std::move(target));
    auto done = co_await act(std::move(demand), act_limit);
    if (!done && done.error().code == ErrorCode::not_found) co_return Result<void>{};
    co_return done;
}

asio::awaitable<Result<std::optional<ImageFacts>>> Libpod::image(std::string name) {
    auto document = co_await look("/images/" + encode_segment(name) + "/json");
    if (!document) co_return document.error();
    if (!*document) co_return std::optional<ImageFacts>{};
    auto facts = image_facts(**document);
    if (!facts) co_return facts.error();
    co_return std::optional<ImageFacts>(*std::move(facts));
}

// Always 200: what went wrong stands in a line of the answer.
asio::awaitable<Result<void>> Libpod::pull(std::string name, Progress progress) {
    HttpConnection connection(executor_, endpoint_);
    auto connected = co_await connection.connect(connect_limit);
    if (!connected) co_return gone(connected.error());
    auto demand =
        request("POST", fmt::format("/images/pull?reference={}&policy=missing", encode_segment(name)));
    std::string trouble;
    transport::LineSink const line = [&](std::string_view text) {
        auto document = parse_json(text);
        if (!document) return true;
        if (auto why = text_or(*document, "error", ""); !why.empty()) trouble = std::move(why);
        auto words = text_or(*document, "stream", "");
        while (!words.empty() && words.back() == '\n') words.pop_back();
        if (progress && !words.empty()) progress(Step{"image", words, false});
        return true;
    };
    auto answer = co_await connection.stream(std::move(demand), for_ever, line);
    if (!answer) co_return gone(answer.error());
    if (!answer->is_ok()) co_return refusal(*answer);
    if (!trouble.empty()) co_return failure(ErrorCode::internal, trouble);
    co_return Result<void>{};
}

asio::awaitable<Result<std::optional<Labels>>> Libpod::volume(std::string name) {
    auto document = co_await look("/volumes/" + encode_segment(name) + "/json");
    if (!document) co_return document.error();
    if (!*document) co_return std::optional<Labels>{};
    co_return std::optional<Labels>(labels_of(**document, "Labels"));
}

asio::awaitable<Result<void>> Libpod::make_volume(std::string name, Labels labels) {
    auto demand = request("POST", "/volumes/create");
    demand.headers.push_back({"Content-Type", "application/json"});
    demand.body = json_text(Json{{"Name", name}, {"Labels", labels}});
    auto done = co_await act(std::move(demand), act_limit);
    co_return done;
}

asio::awaitable<Result<void>> Libpod::remove_volume(std::string name) {
    auto done = co_await remove_at("/volumes/" + encode_segment(name));
    co_return done;
}

asio::awaitable<Result<std::optional<Labels>>> Libpod::secret(std::string name) {
    auto document = co_await look("/secrets/" + encode_segment(name) + "/json");
    if (!document) co_return document.error();
    if (!*document) co_return std::optional<Labels>{};
    auto const spec = (*document)->find("Spec");
    if (spec == (*document)->end()) co_return std::optional<Labels>(Labels{});
    co_return std::optional<Labels>(labels_of(*spec, "Labels"));
}

asio::awaitable<Result<void>> Libpod::make_secret(std::string name, std::string text, Labels labels) {
    auto const marks = encode_segment(json_text(Json(labels)));
    auto demand = request(
        "POST", fmt::format("/secrets/create?name={}&driver=file&labels={}", encode_segment(name), marks));
    // Any type that is a form would swallow the body.
    demand.headers.push_back({"Content-Type", "application/octet-stream"});
    demand.body = std::move(text);
    auto done = co_await act(std::move(demand), act_limit);
    co_return done;
}

asio::awaitable<Result<void>> Libpod::remove_secret(std::string name) {
    auto done = co_await remove_at("/secrets/" + encode_segment(name));
    co_return done;
}

asio::awaitable<Result<std::optional<ContainerFacts>>> Libpod::container(std::string name) {
    auto document = co_await look("/containers/" + encode_segment(name) + "/json");
    if (!document) co_return document.error();
    if (!*document) co_return std::optional<ContainerFacts>{};
    auto facts = container_facts(**document);
    if (!facts) co_return facts.error();
    co_return std::optional<ContainerFacts>(*std::move(facts));
}

asio::awaitable<Result<void>> Libpod::create(ContainerPlan plan) {
    auto demand = request("POST", "/containers/create");
    demand.headers.push_back({"Content-Type", "application/json"});
    demand.body = json_text(create_body(plan));
    auto done = co_await act(std::move(demand), act_limit);
    co_return done;
}

asio::awaitable<Result<void>> Libpod::start(std::string name) {
    auto demand = request("POST", "/containers/" + encode_segment(name) + "/start");
    auto done = co_await act(std::move(demand), act_limit);
    co_return done;
}

asio::awaitable<Result<void>> Libpod::stop(std::string name, Millis limit) {
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
    auto demand =
        request("POST", fmt::format("/containers/{}/stop?timeout={}", encode_segment(name), seconds));
    auto done = co_await act(std::move(demand), limit + stop_margin);
    if (!done && done.error().code == ErrorCode::not_found) co_return Result<void>{};
    co_return done;
}

asio::awaitable<Result<void>> Libpod::remove(std::string name) {
    // v: volumes without a name only, which an image may have asked for.
    auto done = co_await remove_at("/containers/" + encode_segment(name) + "?force=true&v=true");
    co_return done;
}

asio::awaitable<Result<void>> Libpod::wait(std::string name) {
    auto demand = request("POST", "/containers/" + encode_segment(name) +
                                      "/wait?condition=stopped&condition=exited&interval=1s");
    auto done = co_await act(std::move(demand), for_ever);
    if (!done && done.error().code == ErrorCode::not_found) co_return Result<void>{};
    co_return done;
}

asio::awaitable<Result<std::optional<std::string>>> Libpod::file(std::string name, std::string path) {
    auto question = request(
        "GET", fmt::format("/containers/{}/archive?path={}", encode_segment(name), encode_segment(path)));
    auto answer = co_await exchange(std::move(question), look_limit);
    if (!answer) co_return answer.error();
    if (answer->status == not_there) co_return std::optional<std::string>{};
    if (!answer->is_ok()) co_return refusal(*answer);
    co_return first_file_of_tar(answer->body);
}

asio::awaitable<Result<void>> Libpod::logs(std::string name, ContainerLog wanted, LineSink sink) {
    HttpConnection connection(executor_, endpoint_);
    auto connected = co_await connection.connect(connect_limit);
    if (!connected) co_return gone(connected.error());
    auto question =
        request("GET", fmt::format("/containers/{}/logs?stdout=true&stderr=true&timestamps=true&{}&tail={}",
                                   encode_segment(name), query_flag("follow", wanted.follow), wanted.tail));
    if (wanted.since) question.target += "&since=" + encode_segment(time_text(*wanted.since));
    FrameReader frames;
    transport::BytesSink const take = [&](std::string bytes) -> asio::awaitable<bool> {
        for (auto& line : frames.take(bytes)) {
            while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
            auto const goes_on = co_await sink(std::move(line));
            if (!goes_on) co_return false;
        }
        co_return true;
    };
    auto answer = co_await connection.stream_bytes(std::move(question), for_ever, take);
    if (!answer) co_return gone(answer.error());
    if (!answer->is_ok()) co_return refusal(*answer);
    co_return Result<void>{};
}

}  // namespace fleet::services
