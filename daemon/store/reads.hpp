#pragma once
// Reads as C++ values. The functions run inside a pool job and throw pg::Failed; `Reads` is the way for
// everybody on the loop.
#include "pg/pool.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::store {

namespace asio = boost::asio;

// One row of a list: a complete JSON object as the database wrote it, and the key to continue after.
struct Item {
    std::string json;
    std::string key;
};

// An event as the log reader hands it on: what subscriptions filter by, and the envelope's text, untouched.
struct LoggedEvent {
    std::int64_t seq = 0;
    std::string project;
    std::string type;
    std::string stream_type;
    std::string stream_id;
    std::string event_id;
    std::string json;  // the complete envelope (domain.md §4)
};
using EventRef = std::shared_ptr<LoggedEvent const>;

struct Head {
    std::int64_t seq = 0;    // 0: the log is empty
    std::string event_id{};  // at `seq`
    std::string incarnation{};
};

struct LogRange {
    std::vector<EventRef> events{};
    std::string incarnation{};  // of the log they stand in; "" when there are none
};

// Events with after < seq <= upto, at most `max`, in seq order.
LogRange read_log(pg::Session& session, std::int64_t after, std::int64_t upto, std::int64_t max);
Head head(pg::Session& session);
std::vector<Item> list(pg::Session& session, pg::Statement const& statement, Json const& filter);

// Named reads over the read pool. Lives on the loop thread; the pool outlives it.
class Reads {
public:
    explicit Reads(pg::Pool& readers, Millis limit = Millis(10'000)) : readers_(readers), limit_(limit) {}

    // `statement` is a name of sql/statements that takes one jsonb filter and answers with (item, key).
    // Errors: internal (no such statement), away, and what the statement raises.
    asio::awaitable<Result<std::vector<Item>>> list(std::string_view statement, Json filter);

    // The first item, or `not_found`.
    asio::awaitable<Result<Item>> show(std::string_view statement, Json filter);

    // Any statement with text arguments; rows as JSON objects, column by column (numbers, booleans and jsonb
    // keep their types).
    asio::awaitable<Result<std::vector<Json>>> rows(std::string_view statement,
                                                    std::vector<std::optional<std::string>> arguments);

    asio::awaitable<Result<Head>> head();

private:
    pg::Pool& readers_;
    Millis limit_;
};

}  // namespace fleet::store
