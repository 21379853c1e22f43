// Events over the daemon's WebSocket.
#include "api/feed.hpp"
#include "api/frames.hpp"
#include "api/record_codec.hpp"
#include "transport/reconnect_plan.hpp"
#include "transport/ws_channel.hpp"

#include <random>

namespace fleet {

bool is_passing(Error const& error) {
    switch (error.code) {
        case ErrorCode::daemon_away:
        case ErrorCode::away:
        case ErrorCode::stopping:
        case ErrorCode::too_many:
        case ErrorCode::request_timeout:
        case ErrorCode::not_running:
        case ErrorCode::schema_older: return true;
        default: return false;
    }
}

namespace {

class WebsocketFeed final : public Feed {
public:
    WebsocketFeed(ClientCorePtr core, SubscriptionOptions options)
        : core_(std::move(core)),
          options_(std::move(options)),
          plan_({options_.pauses, options_.give_up_after}),
          timer_(core_->executor()) {}

    asio::awaitable<Result<FeedBatch>> next() override {
        while (!stopped_) {
            reading_ = true;
            auto batch = co_await step();
            reading_ = false;
            if (batch) {
                plan_.progressed();
                trouble_.clear();
                co_return batch;
            }
            channel_.reset();
            if (stopped_ || !is_passing(batch.error())) co_return batch;
            trouble_ = batch.error().message;
            auto pause = plan_.failed(now(), draw());
            if (!pause) co_return batch;
            timer_.expires_after(*pause);
            auto [ended] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
            static_cast<void>(ended);
        }
        co_return make_error(ErrorCode::cancelled);
    }

    asio::awaitable<Result<Cursor>> ack(std::string cursor, std::int64_t seq) override {
        Json args{{"name", std::move(cursor)}, {"seq", seq}};
        if (!options_.project.empty()) args["project"] = options_.project;
        auto answer = co_await core_->plain("cursors.advance", std::move(args));
        if (!answer) co_return answer.error();
        co_return cursor_from_json(*answer);
    }

    bool is_connected() const override { return channel_ != nullptr; }
    std::string trouble() const override { return trouble_; }

    void stop() override {
        stopped_ = true;
        timer_.cancel();
        if (channel_) channel_->hang_up();
        // Its timers keep the loop busy as long as it exists. A call that is pending lets go of it by itself.
        if (!reading_) channel_.reset();
    }

private:
    static Millis now() {
        return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
    }
    double draw() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }

    // One frame with events, connecting first where that is needed.
    asio::awaitable<Result<FeedBatch>> step() {
        if (!channel_) {
            auto opened = co_await open();
            if (!opened) co_return opened.error();
        }
        while (true) {
            auto text = co_await channel_->read();
            if (!text) co_return text.error();
            auto heard = read_frame(*text);
            if (!heard) co_return heard.error();
            if (heard->head) started(*heard->head);
            if (!heard->batch) continue;
            note(*heard->batch);
            co_return *std::move(heard->batch);
        }
    }

    asio::awaitable<Result<void>> open() {
        if (!core_->endpoint()) co_return core_->endpoint().error();
        auto fresh = std::make_unique<transport::WsChannel>(core_->executor(), *core_->endpoint());
        std::string target = "/ws";
        auto opened =
            co_await fresh->open(std::move(target), core_->identity(), core_->options().timeouts.connect);
        if (!opened) co_return opened;
        std::string frame = subscribe_frame(options_, resume_);
        auto sent = co_await fresh->write(std::move(frame));
        if (sent) channel_ = std::move(fresh);
        co_return sent;
    }

    // "now" means the first time: a connection that is lost before the first event goes on there.
    void started(Position const& head) {
        bool from_now = options_.after == "now" && options_.cursor.empty();
        if (from_now && !resume_) resume_ = head;
    }

    // Where to go on after the connection is lost.
    void note(FeedBatch const& batch) {
        Position at = resume_.value_or(Position{});
        if (!batch.to.incarnation.empty()) at.incarnation = batch.to.incarnation;
        at.seq = std::max(at.seq, batch.to.seq);
        for (Event const& event : batch.events) {
            at.seq = std::max(at.seq, event.seq);
            if (auto exact = parse_position(event.position)) at.incarnation = exact->incarnation;
        }
        resume_ = at;
    }

    ClientCorePtr core_;
    SubscriptionOptions options_;
    transport::ReconnectPlan plan_;
    asio::steady_timer timer_;
    std::unique_ptr<transport::WsChannel> channel_{};
    std::optional<Position> resume_{};
    std::string trouble_{};
    std::minstd_rand random_{std::random_device{}()};
    bool reading_ = false;
    bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Feed> websocket_feed(ClientCorePtr core, SubscriptionOptions options) {
    return std::make_unique<WebsocketFeed>(std::move(core), std::move(options));
}

}  // namespace fleet
