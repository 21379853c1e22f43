// Events straight from Postgres.
#include "api/feed.hpp"
#include "api/record_codec.hpp"
#include "direct/log_tail.hpp"
#include "direct/pg_session.hpp"

#include <fleet/json.hpp>

namespace fleet {
namespace {

constexpr Millis quiet{30'000};
constexpr Millis step_limit{5'000};

class DirectFeed final : public Feed {
public:
    DirectFeed(asio::any_io_executor executor, DirectOptions options)
        : executor_(std::move(executor)), options_(std::move(options)) {}

    asio::awaitable<Result<FeedBatch>> next() override {
        if (!tail_) {
            auto begun = co_await begin();
            if (!begun) co_return begun.error();
        }
        auto batch = co_await tail_->next(quiet);
        if (!batch) co_return batch.error();
        FeedBatch out;
        out.to = batch->to;
        for (direct::TailedEvent const& tailed : batch->events) {
            auto event = parse_event(tailed.json);
            if (!event) co_return event.error();
            out.events.push_back(*std::move(event));
        }
        co_return out;
    }

    asio::awaitable<Result<Cursor>> ack(std::string cursor, std::int64_t seq) override {
        direct::PgSession session{executor_};
        auto connected = co_await connect(session);
        if (!connected) co_return connected.error();
        direct::Arguments arguments{options_.subscription.project, cursor, std::to_string(seq)};
        std::string sql = "select moved, at from fleet.advance_cursor($1, $2, $3::bigint)";
        auto rows = co_await session.query(std::move(sql), std::move(arguments), step_limit);
        if (!rows) co_return rows.error();
        if (rows->size() == 0)
            co_return make_error(ErrorCode::internal, "the database did not say where the cursor is");
        Cursor moved;
        moved.consumer = std::move(cursor);
        moved.moved = rows->flag(0, 0);
        moved.seq = rows->number(0, 1);
        co_return moved;
    }

    bool is_connected() const override { return tail_ && tail_->is_listening(); }
    std::string trouble() const override { return tail_ ? tail_->last_error() : std::string(); }
    void stop() override {
        if (tail_) tail_->close();
    }

private:
    static Result<Event> parse_event(std::string const& text) {
        auto json = parse_json(text);
        if (!json) return json.error();
        return event_from_json(*json);
    }

    asio::awaitable<Result<void>> connect(direct::PgSession& session) {
        direct::ConnectRequest request{};
        request.dsn = options_.dsn;
        request.application_name = "fleet/subscription";
        co_return co_await session.connect(std::move(request));
    }

    asio::awaitable<Result<void>> begin() {
        SubscriptionOptions const& wanted = options_.subscription;
        direct::TailSettings settings{};
        settings.dsn = options_.dsn;
        settings.application_name = "fleet/subscription";
        settings.filter.project = wanted.project;
        settings.filter.types = wanted.types;
        settings.filter.stream_type = wanted.stream_type;
        settings.filter.stream_id = wanted.stream_id;
        if (wanted.after == "start") settings.after = Position{};
        if (wanted.after != "start" && wanted.after != "now") {
            auto position = parse_position(wanted.after);
            if (!position) co_return position.error();
            settings.after = *position;
        }
        if (!wanted.cursor.empty()) {
            auto at = co_await cursor_position();
            if (!at) co_return at.error();
            if (*at) settings.after = **at;
        }
        tail_ = std::make_unique<direct::LogTail>(executor_, std::move(settings));
        co_return Result<void>{};
    }

    asio::awaitable<Result<std::optional<Position>>> cursor_position() {
        direct::PgSession session{executor_};
        auto connected = co_await connect(session);
        if (!connected) co_return connected.error();
        direct::Arguments arguments{options_.subscription.project, options_.subscription.cursor};
        std::string sql = "select seq from fleet.cursors where project = $1 and consumer = $2";
        auto rows = co_await session.query(std::move(sql), std::move(arguments), step_limit);
        if (!rows) co_return rows.error();
        std::optional<Position> at;
        if (rows->size() > 0) at = Position{{}, rows->number(0, 0)};
        co_return at;
    }

    asio::any_io_executor executor_;
    DirectOptions options_;
    std::unique_ptr<direct::LogTail> tail_{};
};

}  // namespace

std::unique_ptr<Feed> direct_feed(asio::any_io_executor executor, DirectOptions options) {
    return std::make_unique<DirectFeed>(std::move(executor), std::move(options));
}

}  // namespace fleet
