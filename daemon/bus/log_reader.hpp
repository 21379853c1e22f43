#pragma once
// Reads each range of the log once and hands it to the fan-out; notices when the log has another history.
// Lives on the loop thread; pool and fan-out outlive it.
#include "bus/bus.hpp"
#include "bus/fan_out.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <map>
#include <random>

namespace fleet::bus {

class LogReader final : public Pages {
public:
    LogReader(asio::any_io_executor loop, pg::Pool& readers, BusSettings const& settings, pg::Report report);
    void attach(FanOut& fan_out) { fan_out_ = &fan_out; }

    asio::awaitable<void> run();  // ends after `stop`
    void stop();

    void hint(std::int64_t from, std::int64_t to);  // of a notification
    void wake(std::int64_t seq);                    // committed by this daemon
    void look();                                    // there may be news nobody told us about
    void set_listening(bool listening);
    // Whether the log holds a position of any incarnation. Errors: log_rewound, away.
    asio::awaitable<Result<void>> check(Position position);
    // Completes when the head has been read anew, or reading it failed.
    asio::awaitable<bool> looked(Millis limit);

    asio::awaitable<Result<std::shared_ptr<std::vector<EventRef> const>>> page(std::int64_t after) override;

    std::int64_t wanted() const { return wanted_; }  // the highest seq known to be committed
    bool is_reading() const { return reading_; }
    bool has_started() const { return started_; }
    std::string const& incarnation() const { return incarnation_; }
    std::uint64_t reads() const { return reads_; }
    std::uint64_t events() const { return events_; }
    std::string const& last_error() const { return last_error_; }

private:
    using PageEvents = std::shared_ptr<std::vector<EventRef> const>;
    // The head, and whether the event we remember still stands where it stood.
    struct Look {
        store::Head head;
        bool same = true;
        std::int64_t last_common = 0;
    };
    struct Mark {
        std::int64_t seq = 0;
        std::string event_id{};
    };
    // One read of a page that several wait for.
    struct Flight {
        explicit Flight(asio::any_io_executor const& loop)
            : landed(loop, asio::steady_timer::time_point::max()) {}
        asio::steady_timer landed;
        std::optional<Result<PageEvents>> outcome{};
    };

    asio::awaitable<void> look_at_head();
    asio::awaitable<void> read_range();
    asio::awaitable<void> read_page(std::int64_t number, std::shared_ptr<Flight> flight);
    static Look look_job(pg::Session& session, std::vector<Mark> const& marks,
                         std::string const& incarnation);
    std::vector<Mark> marks() const;
    void take_look(Look const& look);
    void failed(Error const& error);
    Millis poll_pause() const;
    void keep(std::int64_t number, PageEvents page);

    asio::any_io_executor loop_;
    pg::Pool& readers_;
    BusSettings settings_;
    pg::Report report_;
    FanOut* fan_out_ = nullptr;
    asio::steady_timer wake_;
    asio::steady_timer looked_;
    std::int64_t wanted_ = 0;  // read up to here
    bool look_wanted_ = true;
    std::uint64_t looks_ = 0;  // heads read or failed
    bool listening_ = false;
    bool started_ = false;  // the database was seen
    bool reading_ = false;
    bool stopping_ = false;
    std::uint32_t failures_ = 0;  // in a row
    std::string incarnation_{};
    Mark mark_{};                // an event known to stand in the log
    std::uint64_t history_ = 0;  // grows when the log was rewound
    std::uint64_t reads_ = 0;
    std::uint64_t events_ = 0;
    std::string last_error_{};
    std::map<std::int64_t, std::shared_ptr<Flight>> flights_{};
    std::deque<std::pair<std::int64_t, PageEvents>> pages_{};  // latest used first
};

}  // namespace fleet::bus
