#include "duties/beacon_session.hpp"

#include "pg/statement.hpp"

#include <fleet/assert.hpp>
#include <fleet/error.hpp>
#include <fleet/json.hpp>

namespace fleet::duties {
namespace {

std::string sql(pg::Statement const& statement) { return std::string(statement.text); }

Result<Json> outcome(direct::Table const& row) {
    FLEET_ASSERT(row.size() == 1, "one request, one row");
    if (row.flag(0, row.column("ok"))) return parse_json(row.text(0, row.column("result")));
    Error refusal = make_error(error_code_from(row.text(0, row.column("code"))).value_or(ErrorCode::internal));
    refusal.message = std::string(row.text(0, row.column("message")));
    refusal.field = std::string(row.text(0, row.column("field")));
    return refusal;
}

}  // namespace

asio::awaitable<Result<void>> BeaconSession::connect(std::string dsn, std::string application_name) {
    direct::ConnectRequest request{};
    request.dsn = std::move(dsn);
    request.application_name = std::move(application_name);
    request.role = "fleet_daemon";
    request.limit = limit_;
    co_return co_await session_.connect(std::move(request));
}

asio::awaitable<Result<Json>> BeaconSession::act(store::ActRequest request) {
    direct::Arguments arguments;
    arguments.emplace_back("[" + store::request_text(request) + "]");
    auto answered = co_await session_.query(sql(pg::stmt<"act">), std::move(arguments), limit_);
    if (!answered) co_return answered.error();
    co_return outcome(*answered);
}

asio::awaitable<Result<bool>> BeaconSession::hold_beacon(std::string host_id) {
    direct::Arguments arguments;
    arguments.emplace_back(std::move(host_id));
    auto answered = co_await session_.query(sql(pg::stmt<"duty_hold_beacon">), std::move(arguments), limit_);
    if (!answered) co_return answered.error();
    co_return answered->flag(0, 0);
}

asio::awaitable<Result<bool>> BeaconSession::renew(std::string host_id, std::int64_t epoch, Millis lease) {
    direct::Arguments arguments;
    arguments.emplace_back(std::move(host_id));
    arguments.emplace_back(std::to_string(epoch));
    arguments.emplace_back(std::to_string(lease.count() / 1000));
    auto answered = co_await session_.query(sql(pg::stmt<"beat_host">), std::move(arguments), limit_);
    if (!answered) co_return answered.error();
    co_return answered->flag(0, answered->column("ok"));
}

asio::awaitable<Result<std::optional<std::int64_t>>> BeaconSession::lead(std::string holder) {
    direct::Arguments arguments;
    arguments.emplace_back(sweep_duty);
    arguments.emplace_back(std::move(holder));
    auto answered = co_await session_.query(sql(pg::stmt<"lead">), std::move(arguments), limit_);
    if (!answered) co_return answered.error();
    if (answered->is_null(0, 0)) co_return std::optional<std::int64_t>{};
    co_return std::optional<std::int64_t>{answered->number(0, 0)};
}

asio::awaitable<Result<void>> BeaconSession::resign() {
    direct::Arguments arguments;
    arguments.emplace_back(sweep_duty);
    auto answered = co_await session_.query(sql(pg::stmt<"resign">), std::move(arguments), limit_);
    if (!answered) co_return answered.error();
    co_return Result<void>{};
}

asio::awaitable<Result<std::vector<std::string>>> BeaconSession::late_hosts() {
    direct::Arguments none;
    auto answered = co_await session_.query(sql(pg::stmt<"duty_late_hosts">), std::move(none), limit_);
    if (!answered) co_return answered.error();
    std::vector<std::string> hosts;
    for (std::size_t row = 0; row < answered->size(); ++row) hosts.emplace_back(answered->text(row, 0));
    co_return hosts;
}

asio::awaitable<Result<std::vector<LockHolder>>> BeaconSession::order_lock_holders() {
    direct::Arguments none;
    auto answered = co_await session_.query(sql(pg::stmt<"duty_order_lock_holders">), std::move(none), limit_);
    if (!answered) co_return answered.error();
    auto const& table = *answered;
    std::vector<LockHolder> holders;
    for (std::size_t row = 0; row < table.size(); ++row) {
        LockHolder holder{};
        holder.pid = std::string(table.text(row, 0));
        holder.began = std::string(table.text(row, 1));
        holder.application_name = std::string(table.text(row, 2));
        holder.user = std::string(table.text(row, 3));
        holder.state = std::string(table.text(row, 4));
        holder.query = std::string(table.text(row, 5));
        holders.push_back(std::move(holder));
    }
    co_return holders;
}

asio::awaitable<Result<std::string>> BeaconSession::end_order_lock_holder(LockHolder holder) {
    direct::Arguments arguments;
    arguments.emplace_back(std::move(holder.pid));
    arguments.emplace_back(std::move(holder.began));
    auto answered = co_await session_.query(sql(pg::stmt<"duty_end_order_lock_holder">), std::move(arguments), limit_);
    if (!answered) co_return answered.error();
    co_return std::string(answered->text(0, 0));
}

}  // namespace fleet::duties
