// What the faces share. Internal to this room.
#pragma once

#include "faces/face.hpp"
#include "faces/http_input.hpp"

#include "observe/health.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::faces {

// A flag that a coroutine can wait for.
class Ending {
public:
    explicit Ending(asio::any_io_executor const& loop)
        : timer_(loop, std::chrono::steady_clock::time_point::max()) {}

    void say() {
        is_said_ = true;
        timer_.cancel();
    }
    bool is_said() const { return is_said_; }
    // Completes when it was said; may be cancelled.
    asio::awaitable<void> wait();

private:
    asio::steady_timer timer_;
    bool is_said_ = false;
};

struct Face::State {
    explicit State(FaceParts given) : parts(std::move(given)) {}

    // Large texts are read on a thread of their own, made when the first one comes.
    asio::awaitable<Result<Json>> parse(std::string text);
    // The operation's answer, timed.
    asio::awaitable<Result<ops::Answer>> call(Operation const& operation, ops::Request request);

    FaceParts parts;
    Router router{};
    std::optional<asio::thread_pool> reader{};
    std::map<std::string_view, observe::Histogram*> durations{};
};

// Who is asking; the callsign is part of it.
asio::awaitable<Result<auth::Identity>> identify(Face::State& state, auth::Credentials credentials);

// Adds what the status code asks for: Allow, WWW-Authenticate, Retry-After.
net::HttpResponse refusal(Error error);
// The bridge between what the network knows of a client that left and what an operation listens to.
std::shared_ptr<ops::Leaving> leaving_of(std::shared_ptr<net::Departure> departure);

// {"status": …, "body": …} of an operation's answer.
net::HttpResponse response_of(ops::Answer answer);

// /healthz, /readyz, /metrics, /openapi.json; nothing for any other operation.
std::optional<net::HttpResponse> page(Face::State& state, Operation const& operation);

// events.stream.
asio::awaitable<net::HttpResponse> event_stream(Face::State& state, Json args,
                                                net::HttpRequest const& request, auth::Identity caller,
                                                std::string project);

// Where a subscriber wants to begin, and what it wants to see.
struct Start {
    bus::Filter filter{};
    Json after = nullptr;                            // null or "now", a position, a seq, or {"cursor": name}
    std::string project{};                           // of the cursor
};
asio::awaitable<Result<std::shared_ptr<bus::Subscriber>>> subscribe(Face::State& state, Start start);

asio::awaitable<void> converse(Face::State& state, net::HttpRequest request,
                               std::shared_ptr<net::Channel> channel, net::Peer peer);

}  // namespace fleet::faces
