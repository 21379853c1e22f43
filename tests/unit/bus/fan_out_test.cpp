#include "bus/fan_out.hpp"

#include <fleet/error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <catch2/catch.hpp>

#include <numeric>

using namespace fleet;
using namespace fleet::bus;

namespace {

EventRef event(std::int64_t seq, std::string project = "p", std::string type = "x.note",
               std::string stream = "s") {
    auto made = std::make_shared<LoggedEvent>();
    made->seq = seq;
    made->project = std::move(project);
    made->type = std::move(type);
    made->stream_type = "x";
    made->stream_id = std::move(stream);
    made->event_id = "evt_" + std::to_string(seq);
    made->json = "{}";
    return made;
}

std::vector<EventRef> events(std::int64_t from, std::int64_t to) {
    std::vector<EventRef> all;
    for (auto seq = from; seq <= to; ++seq) all.push_back(event(seq));
    return all;
}

// A log in memory, which counts how often it is asked.
class MemoryPages final : public Pages {
public:
    asio::awaitable<Result<std::shared_ptr<std::vector<EventRef> const>>> page(std::int64_t after) override {
        asked += 1;
        if (away) co_return make_error(ErrorCode::away);
        auto const last = std::min<std::int64_t>(after + page_size, static_cast<std::int64_t>(log.size()));
        auto page = std::make_shared<std::vector<EventRef>>();
        for (auto seq = after + 1; seq <= last; ++seq)
            page->push_back(log[static_cast<std::size_t>(seq - 1)]);
        co_return std::shared_ptr<std::vector<EventRef> const>(std::move(page));
    }

    std::vector<EventRef> log;
    std::int64_t page_size = 10;
    int asked = 0;
    bool away = false;
};

struct House {
    explicit House(FanOutLimits limits = {}) : fan_out(io.get_executor(), pages, limits) {}

    void append(std::int64_t count) {
        auto const first = static_cast<std::int64_t>(pages.log.size()) + 1;
        auto const fresh = events(first, first + count - 1);
        pages.log.insert(pages.log.end(), fresh.begin(), fresh.end());
        fan_out.publish(fresh);
    }
    Result<Batch> next(Subscriber& subscriber, Millis limit = Millis(0)) {
        auto future = asio::co_spawn(io, subscriber.next(limit), asio::use_future);
        io.restart();
        io.run();
        return future.get();
    }
    // Everything that comes until an empty batch.
    std::vector<std::int64_t> drain(Subscriber& subscriber) {
        std::vector<std::int64_t> seqs;
        for (;;) {
            auto batch = next(subscriber, Millis(20));
            REQUIRE(batch.has_value());
            if (batch->events.empty()) return seqs;
            for (auto const& one : batch->events) seqs.push_back(one->seq);
        }
    }

    asio::io_context io{1};
    MemoryPages pages;
    FanOut fan_out;
};

std::vector<std::int64_t> numbers(std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(to - from + 1));
    std::iota(all.begin(), all.end(), from);
    return all;
}

}  // namespace

TEST_CASE("a subscriber gets what was appended after it came, in order", "[bus][fan-out]") {
    House house;
    house.append(3);
    auto subscriber = house.fan_out.add({}, house.fan_out.head());
    house.append(4);
    CHECK(house.drain(*subscriber) == numbers(4, 7));
    CHECK(subscriber->cursor() == 7);
}

TEST_CASE("each filter sees exactly its events", "[bus][fan-out]") {
    House house;
    Filter project;
    project.project = "red";
    Filter types;
    types.types = {"x.a", "x.b", "x.a"};
    Filter both;
    both.project = "red";
    both.types = {"x.b"};
    Filter stream;
    stream.stream_id = "s2";
    Filter other_kind;
    other_kind.stream_type = "pilot";
    auto const add = [&](Filter const& filter) { return house.fan_out.add(filter, 0); };
    auto by_project = add(project), by_types = add(types), by_both = add(both), by_stream = add(stream),
         by_kind = add(other_kind), all = add({});
    house.fan_out.publish({event(1, "red", "x.a", "s1"), event(2, "red", "x.b", "s2"),
                           event(3, "blue", "x.b", "s2"), event(4, "blue", "x.c", "s1")});
    using Seqs = std::vector<std::int64_t>;
    CHECK(house.drain(*by_project) == Seqs{1, 2});
    CHECK(house.drain(*by_types) == Seqs{1, 2, 3});
    CHECK(house.drain(*by_both) == Seqs{2});
    CHECK(house.drain(*by_stream) == Seqs{2, 3});
    CHECK(house.drain(*by_kind).empty());
    CHECK(house.drain(*all) == Seqs{1, 2, 3, 4});
}

TEST_CASE("one that saw nothing match still knows how far the log has gone", "[bus][fan-out]") {
    House house;
    Filter filter;
    filter.project = "nobody";
    auto subscriber = house.fan_out.add(filter, 0);
    house.append(5);
    auto const batch = house.next(*subscriber);
    REQUIRE(batch.has_value());
    CHECK(batch->events.empty());
    CHECK(batch->to == 5);
}

TEST_CASE("a batch that does not hold all says how far it reaches", "[bus][fan-out]") {
    FanOutLimits limits;
    limits.subscriber.batch_max = 2;
    House house(limits);
    auto subscriber = house.fan_out.add({}, 0);
    house.append(3);
    auto const first = house.next(*subscriber);
    CHECK(first->to == 2);
    CHECK(subscriber->cursor() == 2);
    auto const second = house.next(*subscriber);
    CHECK(second->to == 3);
}

TEST_CASE("a slow subscriber is fed from the ring and loses nothing", "[bus][fan-out]") {
    FanOutLimits limits;
    limits.subscriber.outbox_max = 5;
    House house(limits);
    auto subscriber = house.fan_out.add({}, 0);
    house.append(50);
    CHECK(subscriber->is_lagging());
    CHECK(house.drain(*subscriber) == numbers(1, 50));
    CHECK(house.pages.asked == 0);
    CHECK_FALSE(subscriber->is_lagging());
    house.append(1);
    CHECK(house.drain(*subscriber) == numbers(51, 51));
}

TEST_CASE("a very slow subscriber is fed from the log and loses nothing", "[bus][fan-out]") {
    FanOutLimits limits;
    limits.subscriber.outbox_max = 5;
    limits.ring_max = 8;
    House house(limits);
    auto subscriber = house.fan_out.add({}, 0);
    house.append(100);
    CHECK(house.fan_out.ring_events() == 8);
    CHECK(house.drain(*subscriber) == numbers(1, 100));
    CHECK(house.pages.asked > 5);
}

TEST_CASE("the outbox is bounded by bytes as well", "[bus][fan-out]") {
    FanOutLimits limits;
    limits.subscriber.outbox_bytes_max = 3 * weight(event(1));
    House house(limits);
    auto subscriber = house.fan_out.add({}, 0);
    house.append(4);
    CHECK(subscriber->is_lagging());
    CHECK(house.drain(*subscriber) == numbers(1, 4));
}

TEST_CASE("the ring is bounded by bytes", "[bus][fan-out]") {
    FanOutLimits limits;
    limits.ring_bytes_max = 3 * weight(event(1));
    House house(limits);
    house.append(100);
    CHECK(house.fan_out.ring_events() == 3);
    CHECK(house.fan_out.ring_bytes() == limits.ring_bytes_max);
}

TEST_CASE("one that starts in the past gets everything since", "[bus][fan-out]") {
    FanOutLimits limits;
    limits.ring_max = 8;
    House house(limits);
    house.append(100);
    auto subscriber = house.fan_out.add({}, 42);
    CHECK(house.drain(*subscriber) == numbers(43, 100));
}

TEST_CASE("a position beyond the head waits for the head", "[bus][fan-out]") {
    House house;
    house.append(3);
    auto subscriber = house.fan_out.add({}, 5);
    CHECK(house.drain(*subscriber).empty());
    house.append(2);
    CHECK(house.drain(*subscriber).empty());
    house.append(2);
    CHECK(house.drain(*subscriber) == numbers(6, 7));
}

TEST_CASE("while the log cannot be read a lagging subscriber waits, and then goes on", "[bus][fan-out]") {
    FanOutLimits limits;
    limits.ring_max = 8;
    House house(limits);
    house.append(100);
    auto subscriber = house.fan_out.add({}, 0);
    house.pages.away = true;
    auto const batch = house.next(*subscriber, Millis(30));
    REQUIRE(batch.has_value());
    CHECK(batch->events.empty());
    house.pages.away = false;
    CHECK(house.drain(*subscriber) == numbers(1, 100));
}

TEST_CASE("a goodbye comes after what waits, with the last position", "[bus][fan-out]") {
    House house;
    auto subscriber = house.fan_out.add({}, 0);
    house.append(2);
    house.fan_out.say_goodbye();
    auto const last = house.next(*subscriber);
    REQUIRE(last.has_value());
    CHECK(last->events.size() == 2);
    CHECK_FALSE(last->goodbye);
    auto const goodbye = house.next(*subscriber);
    REQUIRE(goodbye.has_value());
    CHECK(goodbye->goodbye);
    CHECK(goodbye->to == 2);
}

TEST_CASE("a goodbye wakes one that waits", "[bus][fan-out]") {
    House house;
    auto subscriber = house.fan_out.add({}, 0);
    auto future = asio::co_spawn(house.io, subscriber->next(Millis(60'000)), asio::use_future);
    asio::post(house.io, [&] { house.fan_out.say_goodbye(); });
    house.io.run();
    auto const batch = future.get();
    REQUIRE(batch.has_value());
    CHECK(batch->goodbye);
}

TEST_CASE("a rewound log ends those who have seen too much, and only those", "[bus][fan-out]") {
    House house;
    house.append(10);
    auto ahead = house.fan_out.add({}, 10);
    auto behind = house.fan_out.add({}, 4);
    house.fan_out.rewind(6, "0badcafe");
    auto const refused = house.next(*ahead);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::log_rewound);
    CHECK(refused.error().detail["last_common"] == "0badcafe.6");
    house.pages.log.resize(6);
    CHECK(house.drain(*behind) == numbers(5, 6));
    house.append(2);
    CHECK(house.drain(*behind) == numbers(7, 8));
}

TEST_CASE("what waits of a history that is gone is not handed out", "[bus][fan-out]") {
    House house;
    auto subscriber = house.fan_out.add({}, 0);
    house.append(10);
    house.fan_out.rewind(3, "0badcafe");
    house.pages.log.resize(3);
    CHECK(house.drain(*subscriber) == numbers(1, 3));
}

TEST_CASE("a subscriber may outlive the fan-out", "[bus][fan-out]") {
    asio::io_context io{1};
    MemoryPages pages;
    auto fan_out = std::make_unique<FanOut>(io.get_executor(), pages, FanOutLimits{});
    auto subscriber = fan_out->add({}, 0);
    fan_out.reset();
    auto future = asio::co_spawn(io, subscriber->next(Millis(10)), asio::use_future);
    io.run();
    auto const batch = future.get();
    REQUIRE_FALSE(batch.has_value());
    CHECK(batch.error().code == ErrorCode::stopping);
}

TEST_CASE("thousands of subscribers cost an event only those it concerns", "[bus][fan-out]") {
    House house;
    std::vector<std::shared_ptr<Subscriber>> all;
    for (int i = 0; i < 3'000; ++i) {
        Filter filter;
        filter.stream_id = "s" + std::to_string(i);
        all.push_back(house.fan_out.add(filter, 0));
    }
    house.fan_out.publish({event(1, "p", "x.note", "s7")});
    CHECK(house.drain(*all[7]) == numbers(1, 1));
    CHECK(house.drain(*all[8]).empty());
    all.clear();
    CHECK(house.fan_out.subscribers() == 0);
}
