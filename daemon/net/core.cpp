#include "net/core.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace fleet::net {

Link::Link(Core& core) : core_(core), place_(core.links.insert(core.links.end(), this)) {
    core_.count.connections.set(static_cast<double>(core_.links.size()));
    core_.arm_tick();
}

Link::~Link() { leave(); }

void Link::leave() {
    if (!std::exchange(is_listed_, false)) return;
    core_.links.erase(place_);
    core_.count.connections.set(static_cast<double>(core_.links.size()));
    core_.changed.notify();
}

asio::awaitable<void> Wake::wait() {
    auto [ignored] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)ignored;
}

Core::Core(asio::any_io_executor on, Handler& to, ServerOptions with, observe::Log& writes,
           observe::Metrics& metrics)
    : loop(std::move(on)),
      handler(to),
      options(with),
      log(writes),
      count{metrics.gauge("fleet_connections", "Client connections that are open."),
            metrics.gauge("fleet_websockets", "WebSockets that are open."),
            metrics.counter("fleet_connections_accepted_total", "Client connections taken."),
            metrics.counter("fleet_connections_refused_total", "Client connections over the limit."),
            metrics.counter("fleet_http_requests_total", "HTTP requests read to their end."),
            metrics.counter("fleet_http_bad_requests_total", "HTTP requests that could not be read."),
            metrics.counter("fleet_clients_too_slow_total", "Connections ended by a read or write limit.")},
      changed(loop),
      ticker(loop) {}

Millis Core::tick_length() const {
    auto const shortest = std::min({options.idle_limit, options.read_limit, options.write_limit});
    return std::clamp(shortest / 4, Millis(20), Millis(1'000));
}

void Core::arm_tick() {
    if (is_ticking) return;
    is_ticking = true;
    ticker.expires_after(tick_length());
    ticker.async_wait([core = weak_from_this()](boost::system::error_code) {
        auto self = core.lock();
        if (!self) return;
        self->is_ticking = false;
        auto const now = Clock::now();
        for (auto it = self->links.begin(); it != self->links.end();) (*it++)->tick(now);
        if (!self->links.empty()) self->arm_tick();
    });
}

std::string_view Core::date() {
    std::time_t const now = std::time(nullptr);
    if (now == date_of_) return date_;
    static constexpr std::array<char const*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<char const*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    date_ =
        fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(utc.tm_wday)],
                    utc.tm_mday, months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                    utc.tm_hour, utc.tm_min, utc.tm_sec);
    date_of_ = now;
    return date_;
}

std::string failure_text(std::exception_ptr failure) {
    try {
        std::rethrow_exception(std::move(failure));
    } catch (std::exception const& e) {
        return e.what();
    } catch (...) {
        return "an exception of an unknown type";
    }
}

void LogFailure::operator()(std::exception_ptr failure) const {
    if (failure) core->log.error(what, {{"why", failure_text(std::move(failure))}});
}

}  // namespace fleet::net
