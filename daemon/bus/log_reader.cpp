#include "bus/log_reader.hpp"

#include <fleet/assert.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace fleet::bus {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t pages_kept = 8;

}  // namespace

LogReader::LogReader(asio::any_io_executor loop, pg::Pool& readers, BusSettings const& settings,
                     pg::Report report)
    : loop_(std::move(loop)),
      readers_(readers),
      settings_(settings),
      report_(std::move(report)),
      wake_(loop_),
      looked_(loop_) {}

void LogReader::stop() {
    stopping_ = true;
    wake_.cancel();
    looked_.cancel();
}

void LogReader::hint(std::int64_t from, std::int64_t to) {
    // The fault of the test switch: believing that the notified range is all there is.
    if (!settings_.catch_up && started_ && from > fan_out_->head() + 1) fan_out_->skip_to(from - 1);
    wanted_ = std::max(wanted_, to);
    wake_.cancel();
}

void LogReader::wake(std::int64_t seq) {
    if (!settings_.catch_up) return;
    wanted_ = std::max(wanted_, seq);
    wake_.cancel();
}

void LogReader::look() {
    if (!settings_.catch_up && started_) return;
    look_wanted_ = true;
    wake_.cancel();
}

void LogReader::set_listening(bool listening) {
    listening_ = listening;
    wake_.cancel();
}

asio::awaitable<bool> LogReader::looked(Millis limit) {
    auto const before = looks_;
    look();
    asio::steady_timer timer(loop_);
    auto const until = Clock::now() + limit;
    while (looks_ == before && !stopping_ && Clock::now() < until) {
        looked_.expires_at(until);
        co_await looked_.async_wait(nothrow);
    }
    co_return looks_ != before&& reading_;
}

asio::awaitable<Result<void>> LogReader::check(Position position) {
    auto job = [text = position_text(position)](pg::Session& session) -> Result<void> {
        auto const rows = session.rows(pg::stmt<"check_position">, text);
        FLEET_ASSERT(rows.size() == 1, "a position is good or not");
        if (rows[0].flag(0)) return Result<void>();
        auto error = make_error(ErrorCode::log_rewound);
        error.detail = Json{{"last_common", std::string(rows[0].text(3))}};
        return error;
    };
    co_return co_await readers_.run(std::move(job), settings_.limits.step_limit);
}

Millis LogReader::poll_pause() const {
    auto const& limits = settings_.limits;
    auto const usual = listening_ ? limits.poll_healthy : limits.poll_unhealthy;
    if (failures_ == 0) return usual;
    // A database that does not answer is asked more and more rarely, down to the healthy pace.
    auto const longer = limits.poll_unhealthy * (1 << std::min<std::uint32_t>(failures_, 6));
    return std::clamp(longer, limits.poll_unhealthy, std::max(limits.poll_healthy, limits.poll_unhealthy));
}

asio::awaitable<void> LogReader::run() {
    while (!stopping_) {
        if (look_wanted_) {
            look_wanted_ = false;
            co_await look_at_head();
        }
        while (!stopping_ && started_ && reading_ && fan_out_->head() < wanted_) co_await read_range();
        if (stopping_) break;
        if (look_wanted_ || (reading_ && started_ && fan_out_->head() < wanted_)) continue;
        wake_.expires_after(poll_pause());
        auto [stopped_early] = co_await wake_.async_wait(nothrow);
        // Time ran out: the poll is the floor below the hints.
        if (!stopped_early) look_wanted_ = settings_.catch_up || !started_;
        if (!reading_) look_wanted_ = true;
    }
}

// Events whose place in the log we know, oldest first; the last one is the one to look for.
std::vector<LogReader::Mark> LogReader::marks() const {
    std::vector<Mark> all;
    auto const& ring = fan_out_->ring();
    all.reserve(ring.size() + 1);
    if (mark_.seq > 0 && (ring.empty() || mark_.seq < ring.front()->seq)) all.push_back(mark_);
    if (!ring.empty()) all.push_back({ring.back()->seq, ring.back()->event_id});
    return all;
}

// `marks` in order of seq. Histories that differ once differ ever after, so that the last common one is
// bisected.
LogReader::Look LogReader::look_job(pg::Session& session, std::vector<Mark> const& marks,
                                    std::string const& incarnation) {
    Look look;
    look.head = store::head(session);
    auto const stands = [&](Mark const& mark) {
        if (mark.seq > look.head.seq) return false;
        auto const there = store::read_log(session, mark.seq - 1, mark.seq, 1).events;
        return there.size() == 1 && there.front()->event_id == mark.event_id;
    };
    if (marks.empty() || stands(marks.back())) return look;
    look.same = false;
    auto const gone = std::partition_point(marks.begin(), marks.end(), stands);
    if (gone != marks.begin()) look.last_common = std::prev(gone)->seq;
    if (incarnation == look.head.incarnation) return look;
    // The log itself knows where the incarnation that we followed ended; we remember only the latest events.
    auto const known =
        session.rows(pg::stmt<"check_position">, position_text({incarnation, marks.back().seq}));
    FLEET_ASSERT(known.size() == 1, "a position is good or not");
    if (auto const there = parse_position(known[0].text(3)))
        look.last_common = std::max(look.last_common, there->seq);
    return look;
}

asio::awaitable<void> LogReader::look_at_head() {
    auto remembered = marks();
    auto job = [remembered = std::move(remembered), incarnation = incarnation_](pg::Session& session) {
        return look_job(session, remembered, incarnation);
    };
    auto look = co_await readers_.run(std::move(job), settings_.limits.read_limit);
    if (look && !look->same && !fan_out_->ring().empty()) {
        // Something is wrong: now it is worth comparing everything we still hold.
        std::vector<Mark> all;
        if (mark_.seq > 0 && mark_.seq < fan_out_->ring().front()->seq) all.push_back(mark_);
        for (auto const& event : fan_out_->ring()) all.push_back({event->seq, event->event_id});
        auto again = [all = std::move(all), incarnation = incarnation_](pg::Session& session) {
            return look_job(session, all, incarnation);
        };
        look = co_await readers_.run(std::move(again), settings_.limits.read_limit);
    }
    if (look)
        take_look(*look);
    else
        failed(look.error());
    looks_ += 1;
    looked_.cancel();
}

void LogReader::take_look(Look const& look) {
    reading_ = true;
    failures_ = 0;
    last_error_.clear();
    auto const& head = look.head;
    if (!started_) {
        started_ = true;
        fan_out_->skip_to(head.seq);
        wanted_ = head.seq;
    } else if (!look.same) {
        pg::report(
            report_, pg::Level::error, "the log has another history: subscribers beyond it are sent back",
            Json{{"last_common", look.last_common}, {"head_before", fan_out_->head()}, {"head", head.seq}});
        history_ += 1;
        pages_.clear();
        fan_out_->rewind(look.last_common, head.incarnation);
        wanted_ = head.seq;
    }
    // Another incarnation with the same history is a promotion that lost nothing we know of.
    incarnation_ = head.incarnation;
    if (head.seq > 0 && head.seq >= fan_out_->head()) {
        mark_ = {head.seq, head.event_id};
        wanted_ = std::max(wanted_, head.seq);
    }
}

asio::awaitable<void> LogReader::read_range() {
    if (fan_out_->subscribers() == 0) {
        fan_out_->skip_to(wanted_);
        co_return;
    }
    auto const after = fan_out_->head();
    auto const upto = wanted_;
    auto const history = history_;
    auto job = [after, upto, max = settings_.limits.page](pg::Session& session) {
        return store::read_log(session, after, upto, max);
    };
    auto range = co_await readers_.run(std::move(job), settings_.limits.read_limit);
    if (!range) {
        failed(range.error());
        co_return;
    }
    if (history != history_ || after != fan_out_->head()) co_return;
    auto const& events = range->events;
    reads_ += 1;
    events_ += events.size();
    if (!events.empty() && range->incarnation != incarnation_) {
        // What stands there may follow on what we have, or on a tail that was lost: only the events that we
        // remember tell. Before they were compared nothing of it is handed out.
        look_wanted_ = true;
        failed(make_error(ErrorCode::away, "the database is another one than before; its log is compared"));
        co_return;
    }
    std::int64_t expected = after;
    for (auto const& event : events) {
        if (event->seq != ++expected) break;
    }
    if (events.empty() || expected != events.back()->seq) {
        // The hint was of another history, or there is a hole: the head will tell.
        wanted_ = after;
        look_wanted_ = true;
        failed(make_error(ErrorCode::internal, "the log does not hold what was announced"));
        co_return;
    }
    fan_out_->publish(events);
}

void LogReader::failed(Error const& error) {
    if (reading_ || failures_ == 0)
        pg::report(report_, pg::Level::warning, "the log cannot be read; it is tried again",
                   Json{{"error", error.message}});
    reading_ = false;
    failures_ += 1;
    last_error_ = error.message;
}

asio::awaitable<Result<LogReader::PageEvents>> LogReader::page(std::int64_t after) {
    auto const number = after / settings_.limits.page;
    auto const upto = std::min((number + 1) * settings_.limits.page, fan_out_->head());
    auto const kept =
        std::find_if(pages_.begin(), pages_.end(), [&](auto const& page) { return page.first == number; });
    // The last page of the log is whole until the head moves on.
    if (kept != pages_.end() && kept->second->back()->seq >= upto) {
        std::rotate(pages_.begin(), kept, std::next(kept));
        co_return pages_.front().second;
    }
    auto& slot = flights_[number];
    if (!slot) {
        slot = std::make_shared<Flight>(loop_);
        // Of its own: whoever asked first may go away while others wait for the same page.
        auto reading = read_page(number, slot);
        asio::co_spawn(loop_, std::move(reading), [this](std::exception_ptr const& thrown) {
            if (thrown)
                pg::report(report_, pg::Level::error, "reading a page of the log ended by an exception");
        });
    }
    auto flight = slot;
    if (!flight->outcome) co_await flight->landed.async_wait(nothrow);
    if (!flight->outcome) co_return make_error(ErrorCode::away);
    co_return *flight->outcome;
}

asio::awaitable<void> LogReader::read_page(std::int64_t number, std::shared_ptr<Flight> flight) {
    auto const max = settings_.limits.page;
    auto const after = number * max;
    auto const upto = std::min(after + max, fan_out_->head());
    auto const history = history_;
    auto job = [after, upto, max](pg::Session& session) {
        return store::read_log(session, after, upto, max);
    };
    auto range = co_await readers_.run(std::move(job), settings_.limits.read_limit);
    flights_.erase(number);
    bool const is_other = range && !range->events.empty() && range->incarnation != incarnation_;
    if (is_other) look();
    if (!range) {
        flight->outcome.emplace(std::move(range).error());
    } else if (history != history_ || is_other) {
        flight->outcome.emplace(make_error(ErrorCode::away));
    } else {
        reads_ += 1;
        events_ += range->events.size();
        auto page = std::make_shared<std::vector<EventRef> const>(std::move(range->events));
        if (!page->empty()) keep(number, page);
        flight->outcome.emplace(std::move(page));
    }
    flight->landed.cancel();
}

void LogReader::keep(std::int64_t number, PageEvents page) {
    std::erase_if(pages_, [&](auto const& kept) { return kept.first == number; });
    pages_.emplace_front(number, std::move(page));
    if (pages_.size() > pages_kept) pages_.pop_back();
}

}  // namespace fleet::bus
