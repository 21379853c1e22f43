#include "bus/cursors.hpp"

#include <fleet/assert.hpp>

namespace fleet::bus {

asio::awaitable<Result<CursorMoved>> Cursors::advance(CursorName name, std::int64_t seq,
                                                      std::string event_id) {
    auto job = [name = std::move(name), seq, event_id = std::move(event_id)](pg::Session& session) {
        auto const fingerprint = event_id.empty() ? pg::Argument() : pg::Argument(event_id);
        auto const rows =
            session.prepared(pg::stmt<"advance_cursor">, name.project, name.consumer, seq, fingerprint);
        FLEET_ASSERT(rows.size() == 1, "a cursor stands somewhere");
        CursorMoved moved;
        moved.moved = rows[0].flag(0);
        moved.at = rows[0].number(1);
        return moved;
    };
    co_return co_await pool_.run(std::move(job), limit_);
}

asio::awaitable<Result<std::optional<Position>>> Cursors::find(CursorName name) {
    auto job = [name = std::move(name)](pg::Session& session) {
        std::optional<Position> found;
        auto const rows = session.rows(pg::stmt<"find_cursor">, name.project, name.consumer);
        if (!rows.empty()) found = Position{std::string(rows[0].text(1)), rows[0].number(0)};
        return found;
    };
    co_return co_await pool_.run(std::move(job), limit_);
}

asio::awaitable<Result<bool>> Cursors::drop(CursorName name) {
    auto job = [name = std::move(name)](pg::Session& session) {
        auto const rows = session.rows(pg::stmt<"drop_cursor">, name.project, name.consumer);
        return rows[0].flag(0);
    };
    co_return co_await pool_.run(std::move(job), limit_);
}

}  // namespace fleet::bus
