#include "store/reads.hpp"

#include <fleet/assert.hpp>
#include <fleet/json.hpp>

#include <algorithm>
#include <charconv>

namespace fleet::store {

namespace {

// Oids of pg_type, which never change.
Json typed(pg::Row const& row, std::size_t column, std::uint32_t type) {
    if (row.is_null(column)) return nullptr;
    auto const text = row.text(column);
    switch (type) {
        case 16: return row.flag(column);
        case 20:
        case 21:
        case 23: return row.number(column);
        case 114:
        case 3802: return Json::parse(text, nullptr, false);
        case 700:
        case 701:
        case 1700: {
            double value = 0;
            auto const read = std::from_chars(text.data(), text.data() + text.size(), value);
            if (read.ec != std::errc()) return std::string(text);
            return value;
        }
        default: return std::string(text);
    }
}

Error no_statement(std::string_view name) {
    return make_error(ErrorCode::internal, "there is no statement " + std::string(name));
}

// "there is no pilot nope": the statement says what, the filter which.
std::string asked_for(std::string_view statement, Json const& filter) {
    std::string what(statement.starts_with("show_") ? statement.substr(5) : statement);
    std::ranges::replace(what, '_', ' ');
    if (!filter.is_object()) return "there is no such " + what;
    for (char const* name :
         {"callsign", "key", "consumer", "name", "id", "event_id", "reservation_id", "host_id",
          "mission_id", "sortie_id", "work_order_id", "message_id", "thread_id"}) {
        auto const found = filter.find(name);
        if (found == filter.end() || !found->is_string()) continue;
        return "there is no " + what + " " + found->get<std::string>();
    }
    return "there is no such " + what;
}

}  // namespace

LogRange read_log(pg::Session& session, std::int64_t after, std::int64_t upto, std::int64_t max) {
    auto const rows = session.prepared(pg::stmt<"read_log">, after, upto, max);
    LogRange range;
    range.events.reserve(rows.size());
    if (!rows.empty()) range.incarnation = rows[0].text(7);
    for (auto const& row : rows) {
        auto event = std::make_shared<LoggedEvent>();
        event->seq = row.number(0);
        event->project = row.text(1);
        event->type = row.text(2);
        event->stream_type = row.text(3);
        event->stream_id = row.text(4);
        event->event_id = row.text(5);
        event->json = row.text(6);
        range.events.push_back(std::move(event));
    }
    return range;
}

Head head(pg::Session& session) {
    auto const rows = session.prepared(pg::stmt<"head">);
    FLEET_ASSERT(rows.size() == 1, "the log has one head");
    return {rows[0].number(0), std::string(rows[0].text(1)), std::string(rows[0].text(2))};
}

std::vector<Item> list(pg::Session& session, pg::Statement const& statement, Json const& filter) {
    auto const rows = session.rows(statement, json_text(filter));
    std::vector<Item> items;
    items.reserve(rows.size());
    for (auto const& row : rows) items.push_back({std::string(row.text(0)), std::string(row.text(1))});
    return items;
}

asio::awaitable<Result<std::vector<Item>>> Reads::list(std::string_view statement, Json filter) {
    auto const* found = pg::find_statement(statement);
    if (!found) co_return no_statement(statement);
    auto job = [found, filter = std::move(filter)](pg::Session& session) {
        return store::list(session, *found, filter);
    };
    co_return co_await readers_.run(std::move(job), limit_);
}

asio::awaitable<Result<Item>> Reads::show(std::string_view statement, Json filter) {
    auto const asked = asked_for(statement, filter);
    auto items = co_await list(statement, std::move(filter));
    if (!items) co_return std::move(items).error();
    if (items->empty()) co_return make_error(ErrorCode::not_found, asked);
    co_return std::move(items->front());
}

asio::awaitable<Result<std::vector<Json>>> Reads::rows(std::string_view statement,
                                                       std::vector<std::optional<std::string>> arguments) {
    auto const* found = pg::find_statement(statement);
    if (!found) co_return no_statement(statement);
    auto job = [found, arguments = std::move(arguments)](pg::Session& session) {
        auto const rows = session.execute(*found, arguments, false);
        std::vector<Json> objects;
        objects.reserve(rows.size());
        for (auto const& row : rows) {
            auto object = Json::object();
            for (std::size_t i = 0; i < rows.columns(); ++i)
                object[std::string(rows.column_name(i))] = typed(row, i, rows.column_type(i));
            objects.push_back(std::move(object));
        }
        return objects;
    };
    co_return co_await readers_.run(std::move(job), limit_);
}

asio::awaitable<Result<Head>> Reads::head() {
    auto job = [](pg::Session& session) { return store::head(session); };
    co_return co_await readers_.run(std::move(job), limit_);
}

}  // namespace fleet::store
