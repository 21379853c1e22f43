#include "direct/pg_handle.hpp"

#include <fleet/assert.hpp>
#include <fleet/error.hpp>
#include <fleet/json.hpp>

#include <charconv>
#include <new>

namespace fleet::direct {

namespace {

std::string first_line(std::string_view text) {
    auto const start = text.find_first_not_of(" \n\t");
    if (start == std::string_view::npos) return {};
    text.remove_prefix(start);
    return std::string(text.substr(0, text.find('\n')));
}

std::string_view field_of(PGresult const* result, int which) {
    char const* text = PQresultErrorField(result, which);
    return text ? std::string_view(text) : std::string_view();
}

// fleet.refuse puts an object with code, field and facts into DETAIL.
Error refusal(ErrorCode code, std::string const& message, PGresult const* result) {
    auto error = make_error(code, message);
    auto detail = parse_json(field_of(result, PG_DIAG_MESSAGE_DETAIL));
    if (!detail || !detail->is_object()) return error;
    error.field = text_or(*detail, "field", "");
    detail->erase("code");
    detail->erase("field");
    if (!detail->empty()) error.detail = *std::move(detail);
    return error;
}

}  // namespace

ConnectionPtr start_connecting(ConnectRequest const& request) {
    char const* const keywords[] = {
        "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
        "dbname",          "client_encoding",     "application_name", nullptr};
    auto const cut_after = std::to_string(request.tcp_user_timeout.count());
    char const* const values[] = {"10",   "3",
                                  "3",    cut_after.c_str(),
                                  request.dsn.c_str(), "UTF8",
                                  request.application_name.c_str(), nullptr};
    ConnectionPtr connection(PQconnectStartParams(keywords, values, 1));
    if (!connection) throw std::bad_alloc();
    // libpq would print what the server has to say (that it is shutting down, say) to stderr.
    PQsetNoticeProcessor(
        connection.get(), [](void*, char const*) {}, nullptr);
    return connection;
}

Error lost_error(std::string_view said) {
    auto error = make_error(ErrorCode::away, first_line(said));
    error.retry_after_seconds = 1;
    return error;
}

Error lost_error(PGconn const* connection) {
    std::string_view const said = connection ? PQerrorMessage(connection) : "";
    return lost_error(said.empty() ? "the database session was lost" : said);
}

Error server_error(PGresult const* result) {
    auto const state = field_of(result, PG_DIAG_SQLSTATE);
    auto const message = first_line(field_of(result, PG_DIAG_MESSAGE_PRIMARY));
    if (auto code = error_code_from_sqlstate(state)) return refusal(*code, message, result);
    if (state == "42501") return make_error(ErrorCode::forbidden, message);
    auto const family = state.substr(0, 2);
    if (state.empty() || family == "08" || family == "57" || family == "53") return lost_error(message);
    return make_error(ErrorCode::internal, message);
}

std::size_t Table::size() const {
    return static_cast<std::size_t>(PQntuples(impl_->result.get()));
}

std::string_view Table::text(std::size_t row, std::size_t column) const {
    auto const r = static_cast<int>(row);
    auto const c = static_cast<int>(column);
    auto const* result = impl_->result.get();
    return {PQgetvalue(result, r, c), static_cast<std::size_t>(PQgetlength(result, r, c))};
}

std::int64_t Table::number(std::size_t row, std::size_t column) const {
    auto const digits = text(row, column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

bool Table::flag(std::size_t row, std::size_t column) const {
    return text(row, column) == "t";
}

bool Table::is_null(std::size_t row, std::size_t column) const {
    return PQgetisnull(impl_->result.get(), static_cast<int>(row), static_cast<int>(column)) != 0;
}

std::size_t Table::column(std::string_view name) const {
    int const found = PQfnumber(impl_->result.get(), std::string(name).c_str());
    FLEET_ASSERT(found >= 0, "the statement answers with this column");
    return static_cast<std::size_t>(found);
}

}  // namespace fleet::direct
