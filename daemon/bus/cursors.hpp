#pragma once
// Durable cursors: a named consumer's position, moved forward only. Lives on the loop thread.
#include "pg/pool.hpp"

#include <fleet/event.hpp>
#include <fleet/result.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace fleet::bus {

namespace asio = boost::asio;

struct CursorName {
    std::string project;
    std::string consumer;
};

struct CursorMoved {
    bool moved = false;  // false: it stood at or beyond this seq already
    std::int64_t at = 0;
};

class Cursors {
public:
    explicit Cursors(pg::Pool& pool, Millis limit = Millis(5'000)) : pool_(pool), limit_(limit) {}

    // Errors: log_rewound (another event stands at `seq` now), invalid_field (beyond the head), away.
    asio::awaitable<Result<CursorMoved>> advance(CursorName name, std::int64_t seq, std::string event_id);

    // Where the consumer continues, with the incarnation of its last move; empty when it has no cursor. Give
    // it to `Bus::subscribe`, which finds out whether the log still holds it.
    asio::awaitable<Result<std::optional<Position>>> find(CursorName name);

    // Forgets it, wherever it stands; false when there is none.
    asio::awaitable<Result<bool>> drop(CursorName name);

private:
    pg::Pool& pool_;
    Millis limit_;
};

}  // namespace fleet::bus
