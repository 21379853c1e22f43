#include "bus/bus.hpp"

#include "bus/fan_out.hpp"
#include "bus/listener.hpp"
#include "bus/log_reader.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <fmt/format.h>

#include <cstdlib>

namespace fleet::bus {

namespace {

constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);

FanOutLimits limits_of(BusLimits const& limits) {
    FanOutLimits own;
    own.ring_max = limits.ring_max;
    own.ring_bytes_max = limits.ring_bytes_max;
    own.subscriber = limits.subscriber;
    return own;
}

Error rewound(std::int64_t last_common, std::string const& incarnation) {
    auto error = make_error(ErrorCode::log_rewound);
    error.detail = Json{{"last_common", position_text(Position{incarnation, last_common})}};
    return error;
}

}  // namespace

bool catch_up_wanted() {
    char const* switches = std::getenv("FLEET_TEST_SWITCHES");
    return !switches || std::string_view(switches).find("no_catch_up") == std::string_view::npos;
}

struct Bus::Parts {
    Parts(asio::any_io_executor loop, pg::Pool& readers, pg::DsnSource dsn, BusSettings const& given,
          pg::Report report)
        : settings(given),
          reader(loop, readers, given, report),
          fan_out(loop, reader, limits_of(given.limits)),
          listener(loop, std::move(dsn), given, reader, std::move(report)),
          ended(loop) {
        reader.attach(fan_out);
    }

    BusSettings settings;
    LogReader reader;
    FanOut fan_out;
    Listener listener;
    asio::steady_timer ended;
    bool running = false;
};

Bus::Bus(asio::any_io_executor loop, pg::Pool& readers, pg::DsnSource dsn, BusSettings settings,
         pg::Report report)
    : parts_(std::make_unique<Parts>(std::move(loop), readers, std::move(dsn), settings, std::move(report))) {
}

Bus::~Bus() = default;

asio::awaitable<void> Bus::run() {
    using namespace asio::experimental::awaitable_operators;
    parts_->running = true;
    co_await (parts_->listener.run() && parts_->reader.run());
    parts_->running = false;
    parts_->ended.cancel();
}

asio::awaitable<void> Bus::stop() {
    parts_->fan_out.say_goodbye();
    parts_->listener.stop();
    parts_->reader.stop();
    parts_->ended.expires_at(asio::steady_timer::time_point::max());
    while (parts_->running) co_await parts_->ended.async_wait(nothrow);
}

asio::awaitable<Result<std::shared_ptr<Subscriber>>> Bus::subscribe(Filter filter,
                                                                    std::optional<Position> after) {
    auto& parts = *parts_;
    if (parts.fan_out.is_stopping()) co_return make_error(ErrorCode::stopping);
    if (parts.fan_out.subscribers() >= parts.settings.limits.subscribers_max) {
        auto error = make_error(ErrorCode::too_many,
                                fmt::format("{} subscriptions are open, which is the limit (subscribers_max)",
                                            parts.fan_out.subscribers()));
        error.retry_after_seconds = 1;
        co_return error;
    }
    if (!parts.reader.has_started()) {
        bool const seen = co_await parts.reader.looked(parts.settings.limits.step_limit);
        if (!seen && !parts.reader.has_started()) {
            auto error = make_error(ErrorCode::away);
            error.retry_after_seconds = 1;
            co_return error;
        }
    }
    if (!after) co_return parts.fan_out.add(std::move(filter), parts.fan_out.head());
    auto const seq = after->seq;
    if (!after->incarnation.empty() && after->incarnation != incarnation()) {
        auto good = co_await parts.reader.check(*after);
        if (!good) co_return std::move(good).error();
    }
    // Beyond the head: of a faster daemon, or of a history that is gone. The database knows.
    if (seq > parts.fan_out.head()) {
        bool const seen = co_await parts.reader.looked(parts.settings.limits.step_limit);
        if (seen && seq > parts.reader.wanted()) co_return rewound(parts.reader.wanted(), incarnation());
    }
    co_return parts.fan_out.add(std::move(filter), seq);
}

std::shared_ptr<Subscriber> Bus::follow(Filter filter, std::int64_t after) {
    return parts_->fan_out.add(std::move(filter), after);
}

void Bus::wake(std::int64_t seq) {
    parts_->reader.wake(seq);
}
std::int64_t Bus::head() const {
    return parts_->fan_out.head();
}
std::string const& Bus::incarnation() const {
    return parts_->reader.incarnation();
}

BusHealth Bus::health() const {
    auto const& parts = *parts_;
    BusHealth health;
    health.listening = parts.listener.is_listening();
    health.reading = parts.reader.is_reading();
    health.head = parts.fan_out.head();
    health.incarnation = parts.reader.incarnation();
    health.subscribers = parts.fan_out.subscribers();
    health.lagging = parts.fan_out.lagging();
    health.ring_events = parts.fan_out.ring_events();
    health.ring_bytes = parts.fan_out.ring_bytes();
    health.reads = parts.reader.reads();
    health.events = parts.reader.events();
    health.hints = parts.listener.hints();
    health.reconnects = parts.listener.reconnects();
    health.queue_usage = parts.listener.queue_usage();
    health.trouble = parts.listener.trouble();
    health.last_error =
        parts.listener.last_error().empty() ? parts.reader.last_error() : parts.listener.last_error();
    return health;
}

}  // namespace fleet::bus
