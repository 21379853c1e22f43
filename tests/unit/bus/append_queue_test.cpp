#include "bus/append_queue.hpp"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::bus;

namespace {

Waiting request(std::string text) {
    Waiting item;
    item.text = std::move(text);
    return item;
}

AppenderLimits limits(std::size_t batch_max, std::size_t batch_bytes_max) {
    AppenderLimits all;
    all.batch_max = batch_max;
    all.batch_bytes_max = batch_bytes_max;
    return all;
}

}  // namespace

TEST_CASE("what waits goes in one batch, in order of arrival", "[bus][queue]") {
    AppendQueue queue(limits(500, 1'000));
    for (char const* text : {"a", "b", "c"}) queue.push(request(text));
    auto const batch = queue.take();
    REQUIRE(batch.size() == 3);
    CHECK(batch[0].text == "a");
    CHECK(batch[2].text == "c");
    CHECK(queue.empty());
    CHECK(queue.bytes() == 0);
}

TEST_CASE("a batch ends at the count", "[bus][queue]") {
    AppendQueue queue(limits(2, 1'000));
    for (int i = 0; i < 5; ++i) queue.push(request("x"));
    CHECK(queue.take().size() == 2);
    CHECK(queue.take().size() == 2);
    CHECK(queue.take().size() == 1);
    CHECK(queue.take().empty());
}

TEST_CASE("a batch ends at the bytes, brackets and commas counted", "[bus][queue]") {
    AppendQueue queue(limits(500, 2 + 2 * 11));
    for (int i = 0; i < 3; ++i) queue.push(request(std::string(10, 'x')));
    CHECK(queue.take().size() == 2);
    CHECK(queue.take().size() == 1);
}

TEST_CASE("a request larger than a batch goes alone", "[bus][queue]") {
    AppendQueue queue(limits(500, 100));
    queue.push(request(std::string(1'000, 'x')));
    queue.push(request("y"));
    auto const first = queue.take();
    REQUIRE(first.size() == 1);
    CHECK(first[0].text.size() == 1'000);
    CHECK(queue.take().size() == 1);
}

TEST_CASE("a full queue has no room, by count and by bytes", "[bus][queue]") {
    AppenderLimits few;
    few.queue_max = 2;
    few.queue_bytes_max = 10;
    AppendQueue queue(few);
    CHECK_FALSE(queue.has_room_for(11));
    queue.push(request("12345"));
    CHECK(queue.has_room_for(5));
    CHECK_FALSE(queue.has_room_for(6));
    queue.push(request("1"));
    CHECK_FALSE(queue.has_room_for(1));
    queue.take();
    CHECK(queue.has_room_for(10));
}
