#include "support/postgres.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <regex>

namespace fleet::test {

namespace {

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

void check(Answer const& answer, pg_conn* connection, std::string const& sql) {
    auto const status = PQresultStatus(answer.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return;
    char const* state = answer ? PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE) : nullptr;
    throw SqlError{std::string{PQerrorMessage(connection)} + "in: " + sql.substr(0, 500),
                   state == nullptr ? "" : state};
}

}  // namespace

void Postgres::Close::operator()(pg_conn* connection) const {
    PQfinish(connection);
}

Postgres::Postgres(std::string const& dsn) : connection_{PQconnectdb((dsn + " connect_timeout=10").c_str())} {
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw SqlError{PQerrorMessage(connection_.get()), ""};
    PQsetNoticeProcessor(
        connection_.get(), [](void*, char const*) {}, nullptr);
}

SqlRows Postgres::rows(std::string const& sql, std::vector<std::string> const& parameters) {
    std::vector<char const*> values;
    for (auto const& parameter : parameters) values.push_back(parameter.c_str());
    Answer const answer{PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                     values.data(), nullptr, nullptr, 0)};
    check(answer, connection_.get(), sql);
    SqlRows rows;
    int const width = PQnfields(answer.get());
    for (int row = 0; row < PQntuples(answer.get()); ++row) {
        auto& cells = rows.emplace_back();
        for (int column = 0; column < width; ++column) {
            if (PQgetisnull(answer.get(), row, column))
                cells.emplace_back();
            else
                cells.emplace_back(PQgetvalue(answer.get(), row, column));
        }
    }
    return rows;
}

std::string Postgres::text(std::string const& sql, std::vector<std::string> const& parameters) {
    auto const found = rows(sql, parameters);
    if (found.size() != 1 || found[0].empty() || !found[0][0]) {
        throw std::logic_error{"expected one value, got " + std::to_string(found.size()) + " rows: " + sql};
    }
    return *found[0][0];
}

std::int64_t Postgres::number(std::string const& sql, std::vector<std::string> const& parameters) {
    return std::stoll(text(sql, parameters));
}

Json Postgres::json(std::string const& sql, std::vector<std::string> const& parameters) {
    return Json::parse(text(sql, parameters));
}

void Postgres::run(std::string const& sql) {
    Answer const answer{PQexec(connection_.get(), sql.c_str())};
    check(answer, connection_.get(), sql);
}

std::vector<Notification> Postgres::notifications(std::chrono::milliseconds limit) {
    auto const deadline = std::chrono::steady_clock::now() + limit;
    std::vector<Notification> found;
    for (;;) {
        PQconsumeInput(connection_.get());
        while (PGnotify* next = PQnotifies(connection_.get())) {
            found.push_back({.channel = next->relname, .payload = next->extra, .by_pid = next->be_pid});
            PQfreemem(next);
        }
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (!found.empty() || left.count() <= 0) return found;
        pollfd waiting{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
        ::poll(&waiting, 1, static_cast<int>(left.count()));
    }
}

int Postgres::backend_pid() const {
    return PQbackendPID(connection_.get());
}

std::string with_database(std::string const& dsn, std::string const& name) {
    static std::regex const dbname{"dbname=[^ ]*"};
    return std::regex_replace(dsn, dbname, "dbname=" + name);
}

}  // namespace fleet::test
