#pragma once
// libpq's objects with owners, and what a server's answer means as an error. For the bodies of this room
// alone.
#include "direct/pg_session.hpp"

#include <libpq-fe.h>

#include <memory>

namespace fleet::direct {

struct ConnectionCloser {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionPtr = std::unique_ptr<PGconn, ConnectionCloser>;

struct ResultCloser {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultCloser>;

struct Table::Impl {
    explicit Impl(ResultPtr taken) : result(std::move(taken)) {}
    ResultPtr result;
};

// Starts connecting; never null. Our keep-alive times stand before the DSN, so that the DSN can change them.
ConnectionPtr start_connecting(ConnectRequest const& request);

Error lost_error(std::string_view said);
Error lost_error(PGconn const* connection);
Error server_error(PGresult const* result);

}  // namespace fleet::direct
