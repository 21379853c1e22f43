#pragma once
// One Postgres session on Asio, without a thread: raw libpq, never blocking the loop (but for the name lookup
// of a DSN with a host name, which libpq does itself).
//
// Lives on the loop thread; one operation at a time. Every step has a limit. A query that did not end in
// time, or was cancelled, kills the session: its answer would be taken for the next query's. A lost session
// stays lost; `connect` again makes a new one.
//
// A session is one backend from its first statement to its last. A pooler that lends out another one for
// each transaction would break whatever stays with a session (LISTEN, session locks, its role): it is found
// out when connecting, before anything is left behind in a backend that belongs to all.
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::direct {

namespace asio = boost::asio;

struct Notification {
    std::string channel;
    std::string payload;
    int backend_pid = 0;  // of the session that notified
};

// The rows of an answer. A value that shares the server's answer; views live as long as any copy.
class Table {
public:
    struct Impl;
    explicit Table(std::shared_ptr<Impl const> impl) : impl_(std::move(impl)) {}

    std::size_t size() const;
    // NULL reads as "", 0 and false.
    std::string_view text(std::size_t row, std::size_t column) const;
    std::int64_t number(std::size_t row, std::size_t column) const;
    bool flag(std::size_t row, std::size_t column) const;
    bool is_null(std::size_t row, std::size_t column) const;
    // Asserted to exist.
    std::size_t column(std::string_view name) const;

private:
    std::shared_ptr<Impl const> impl_;
};

struct ConnectRequest {
    std::string dsn;                 // URI or keyword=value; several servers share the limit
    std::string application_name{};  // wins over the DSN's
    std::string role{};              // `set role` after connecting; "" keeps the DSN's
    Millis limit{5'000};
    Millis tcp_user_timeout{10'000};  // of both ends
};

using Arguments = std::vector<std::optional<std::string>>;

class PgSession {
public:
    explicit PgSession(asio::any_io_executor loop);
    ~PgSession();
    PgSession(PgSession&&) noexcept;
    PgSession& operator=(PgSession&&) noexcept;

    // Of several servers the first that answers and is what the DSN asks for. Errors: away, with what libpq
    // says; pooler_found.
    asio::awaitable<Result<void>> connect(ConnectRequest request);

    // One statement with text arguments. Errors: away (lost, or past the limit: the session is closed then),
    // an error of class FL as the catalogue's, everything else `internal` with the server's first line. The
    // session lives on after an error that the server reported, as far as the server does.
    asio::awaitable<Result<Table>> query(std::string sql, Arguments arguments, Millis limit);

    // Completes when there is at least one notification, or with none at the limit. Those that came with the
    // answer of a query are handed out first. Errors: away (the session is lost).
    asio::awaitable<Result<std::vector<Notification>>> notifications(Millis limit);

    bool is_open() const;
    void close();                // at once; an operation in flight ends with `away`
    int backend_pid() const;     // of the backend itself; a pooler tells its clients a made-up one
    int server_version() const;  // 150016

private:
    asio::awaitable<Result<void>> connect_to(ConnectRequest request);
    asio::awaitable<Result<void>> reach(ConnectRequest request);
    asio::awaitable<Result<int>> ask_pid(Millis limit);
    asio::awaitable<Result<void>> refuse_pooler(ConnectRequest request, Millis limit);

    struct State;
    std::shared_ptr<State> state_;  // shared with the operation in flight
};

}  // namespace fleet::direct
