#include "duties/beacon.hpp"

#include "pg/statement.hpp"

#include <fleet/assert.hpp>
#include <fleet/json.hpp>

namespace fleet::duties {

namespace {

constexpr char const* daemon_role = "fleet_daemon";

Error refusal_of(direct::Table const& table) {
    auto const code = error_code_from(table.text(0, table.column("code"))).value_or(ErrorCode::internal);
    Error error = make_error(code, std::string(table.text(0, table.column("message"))),
                             std::string(table.text(0, table.column("field"))));
    if (auto const hint = table.text(0, table.column("hint")); !hint.empty()) error.hint = std::string(hint);
    return error;
}

direct::Arguments one(std::string value) {
    direct::Arguments arguments;
    arguments.emplace_back(std::move(value));
    return arguments;
}

}  // namespace

asio::awaitable<Result<void>> Beacon::connect(std::string dsn) {
    direct::ConnectRequest request{.dsn = std::move(dsn),
                                   .application_name = application_name_,
                                   .role = daemon_role,
                                   .limit = limit_,
                                   .tcp_user_timeout = tcp_user_timeout_};
    co_return co_await session_.connect(std::move(request));
}

asio::awaitable<Result<direct::Table>> Beacon::ask(std::string_view statement, direct::Arguments arguments) {
    std::string text(statement);
    co_return co_await session_.query(std::move(text), std::move(arguments), limit_);
}

asio::awaitable<Result<Json>> Beacon::act(store::ActRequest request) {
    auto arguments = one("[" + store::request_text(request) + "]");
    auto table = co_await ask(pg::stmt<"act">.text, std::move(arguments));
    if (!table) co_return table.error();
    FLEET_ASSERT(table->size() == 1, "fleet.act answers each request with one row");
    if (!table->flag(0, table->column("ok"))) co_return refusal_of(*table);
    auto result = Json::parse(table->text(0, table->column("result")), nullptr, false);
    if (result.is_discarded()) co_return Json::object();
    co_return result;
}

asio::awaitable<Result<bool>> Beacon::hold_beacon(std::string host_id) {
    auto arguments = one(std::move(host_id));
    auto table = co_await ask(pg::stmt<"hold_beacon">.text, std::move(arguments));
    if (!table) co_return table.error();
    co_return table->size() == 1 && table->flag(0, 0);
}

asio::awaitable<Result<bool>> Beacon::renew(std::string host_id, std::int64_t epoch, Millis lease) {
    auto arguments = one(std::move(host_id));
    arguments.emplace_back(std::to_string(epoch));
    arguments.emplace_back(std::to_string(std::chrono::ceil<std::chrono::seconds>(lease).count()));
    auto table = co_await ask(pg::stmt<"beat_host">.text, std::move(arguments));
    if (!table) co_return table.error();
    co_return table->size() == 1 && table->flag(0, table->column("ok"));
}

asio::awaitable<Result<std::optional<std::int64_t>>> Beacon::lead(std::string host_id) {
    auto arguments = one(sweep_duty);
    arguments.emplace_back(std::move(host_id));
    auto table = co_await ask(pg::stmt<"lead">.text, std::move(arguments));
    if (!table) co_return table.error();
    std::optional<std::int64_t> epoch;
    if (table->size() == 1 && !table->is_null(0, 0)) epoch = table->number(0, 0);
    co_return epoch;
}

asio::awaitable<Result<void>> Beacon::resign() {
    auto arguments = one(sweep_duty);
    auto table = co_await ask(pg::stmt<"resign">.text, std::move(arguments));
    if (!table) co_return table.error();
    co_return Result<void>();
}

asio::awaitable<Result<std::vector<std::string>>> Beacon::late_hosts(std::string but_not, bool all) {
    auto arguments = one(std::move(but_not));
    arguments.emplace_back(all ? "true" : "false");
    auto table = co_await ask(pg::stmt<"duty_late_hosts">.text, std::move(arguments));
    if (!table) co_return table.error();
    std::vector<std::string> hosts;
    for (std::size_t row = 0; row < table->size(); ++row) hosts.emplace_back(table->text(row, 0));
    co_return hosts;
}

asio::awaitable<Result<std::int64_t>> Beacon::end_sessions_of(std::string host_id) {
    auto arguments = one(std::move(host_id));
    auto table = co_await ask_as_owner_of_the_dsn(pg::stmt<"duty_end_sessions">.text, std::move(arguments));
    if (!table) co_return table.error();
    co_return table->number(0, 0);
}

asio::awaitable<Result<SchemaSeen>> Beacon::schema() {
    direct::Arguments none;
    auto table = co_await ask(pg::stmt<"duty_schema">.text, std::move(none));
    if (!table) co_return table.error();
    SchemaSeen seen;
    seen.version = static_cast<int>(table->number(0, table->column("version")));
    seen.breaking_since = static_cast<int>(table->number(0, table->column("breaking_since")));
    co_return seen;
}

asio::awaitable<Result<std::vector<LockHolder>>> Beacon::order_lock_holders() {
    direct::Arguments none;
    auto table = co_await ask(pg::stmt<"duty_order_lock_holders">.text, std::move(none));
    if (!table) co_return table.error();
    std::vector<LockHolder> holders;
    for (std::size_t row = 0; row < table->size(); ++row)
        holders.push_back({.pid = table->number(row, 0),
                           .began = std::string(table->text(row, 1)),
                           .application_name = std::string(table->text(row, 2)),
                           .account = std::string(table->text(row, 3)),
                           .state = std::string(table->text(row, 4)),
                           .query = std::string(table->text(row, 5))});
    co_return holders;
}

asio::awaitable<Result<std::string>> Beacon::end_session(LockHolder holder) {
    auto arguments = one(std::to_string(holder.pid));
    arguments.emplace_back(std::move(holder.began));
    auto table = co_await ask(pg::stmt<"duty_end_order_lock_holder">.text, std::move(arguments));
    if (!table) co_return table.error();
    std::string outcome(table->size() == 1 ? table->text(0, 0) : std::string_view("gone"));
    if (outcome != "refused") co_return outcome;
    auto by_pid = one(std::to_string(holder.pid));
    auto ended = co_await ask_as_owner_of_the_dsn(pg::stmt<"duty_terminate">.text, std::move(by_pid));
    if (!ended) co_return ended.error();
    co_return std::string(ended->flag(0, 0) ? "ended" : "gone");
}

asio::awaitable<Result<direct::Table>> Beacon::ask_as_owner_of_the_dsn(std::string_view statement,
                                                                       direct::Arguments arguments) {
    direct::Arguments none;
    auto reset = co_await ask("reset role", none);
    if (!reset) co_return reset.error();
    auto table = co_await ask(statement, std::move(arguments));
    auto again = co_await ask("set role fleet_daemon", std::move(none));
    if (!again) {
        // Without its role the session must not go on.
        session_.close();
        co_return again.error();
    }
    co_return table;
}

}  // namespace fleet::duties
