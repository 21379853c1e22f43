#include "pg/session.hpp"

#include "pg/compat.hpp"
#include "pg/conninfo.hpp"
#include "pg/rows_impl.hpp"

#include <fleet/assert.hpp>

#include <poll.h>
#include <set>

#if defined(__SANITIZE_ADDRESS__)
// libpqxx 6.4 leaks the answer of a statement during which the connection broke: it asks for the client
// encoding, and throws, before anything owns the answer. Here, because this object is in every program that
// has sessions.
extern "C" char const* __lsan_default_suppressions() {
    return "leak:pqxx::connection_base::exec_p\n";
}
#endif

namespace fleet::pg {

struct Session::Impl {
    explicit Impl(std::string const& conninfo) : connection(conninfo) {
        compat::forbid_silent_reconnect(connection);
    }

    pqxx::connection connection;
    std::shared_ptr<Line> line{};
    std::unique_ptr<pqxx::transaction_base> transaction{};  // only within `in_transaction`
    std::set<std::string_view> prepared{};                  // names live as long as the program
    bool spoiled = false;

    // Turns what libpqxx threw into a Failed. `sent`: the server may have done what it was asked.
    [[noreturn]] void fail(std::string_view what, bool sent);
};

void Session::Impl::fail(std::string_view what, bool sent) {
    auto const sqlstate = compat::sqlstate_in_flight();
    std::string said;
    bool doubt = false;
    bool broken = false;
    try {
        throw;
    } catch (Failed const&) {
        throw;
    } catch (pqxx::in_doubt_error const& error) {
        said = error.what();
        doubt = true;
    } catch (pqxx::broken_connection const& error) {
        said = error.what();
        broken = true;
    } catch (std::exception const& error) {
        said = error.what();
    }
    auto failure = failure_from(sqlstate, said, what);
    broken = broken || !connection.is_open();
    if (broken || doubt || failure.kind == FailureKind::lost) {
        spoiled = true;
        failure.kind = sent ? FailureKind::in_doubt : FailureKind::lost;
        failure.error = make_error(ErrorCode::away);
        failure.error.retry_after_seconds = 1;
    }
    // A plan or a prepared statement that the server no longer takes: a new session has neither.
    if (sqlstate == "0A000" || sqlstate == "26000") spoiled = true;
    throw Failed(std::move(failure));
}

Session::Session(std::string const& dsn, SessionSettings const& settings, std::shared_ptr<Line> line) {
    try {
        impl_ = std::make_unique<Impl>(conninfo(dsn, settings));
    } catch (Failed const&) {
        throw;
    } catch (std::exception const& error) {
        Failure failure;
        failure.kind = FailureKind::lost;
        failure.error = make_error(ErrorCode::away);
        failure.error.retry_after_seconds = 1;
        failure.said = error.what();
        throw Failed(std::move(failure));
    }
    if (line) line->opened(impl_->connection.sock());
    impl_->line = std::move(line);
    // 'none' is the role of the DSN.
    rows(stmt<"session_settings">, settings.statement_timeout.count(), settings.lock_timeout.count(),
         settings.idle_in_transaction_timeout.count(), settings.role.empty() ? "none" : settings.role,
         settings.tcp_user_timeout.count());
}

Session::~Session() = default;

Rows Session::execute(Statement const& statement, std::vector<Argument> arguments, bool prepared) {
    for (auto const& text : arguments) {
        if (!text || text->find('\0') == std::string::npos) continue;
        Failure failure;  // libpqxx would cut it there without a word
        failure.kind = FailureKind::refused;
        failure.error = make_error(ErrorCode::invalid_field, "text with a NUL byte cannot be stored");
        throw Failed(std::move(failure));
    }
    bool sent = false;
    try {
        std::optional<pqxx::nontransaction> alone;
        if (!impl_->transaction) alone.emplace(impl_->connection);
        pqxx::transaction_base& transaction = alone ? *alone : *impl_->transaction;
        auto impl = std::make_shared<Rows::Impl>();
        if (prepared) {
            if (impl_->prepared.insert(statement.name).second)
                impl_->connection.prepare(std::string(statement.name), std::string(statement.text));
            sent = true;
            impl->result = compat::run_prepared(transaction, std::string(statement.name), arguments);
        } else {
            sent = true;
            impl->result = compat::run(transaction, std::string(statement.text), arguments);
        }
        return Rows(std::move(impl));
    } catch (...) {
        impl_->fail(statement.name, sent);
    }
}

void Session::script(std::string_view sql, std::string_view name) {
    try {
        std::optional<pqxx::nontransaction> alone;
        if (!impl_->transaction) alone.emplace(impl_->connection);
        pqxx::transaction_base& transaction = alone ? *alone : *impl_->transaction;
        transaction.exec(std::string(sql));
    } catch (...) {
        impl_->fail(name, true);
    }
}

Session::Transaction::Transaction(Session& session, TransactionMode mode) : session_(session) {
    FLEET_ASSERT(!session_.impl_->transaction, "a session has one transaction at a time");
    auto& impl = *session_.impl_;
    try {
        if (mode == TransactionMode::write)
            impl.transaction = std::make_unique<pqxx::work>(impl.connection);
        else
            impl.transaction = std::make_unique<compat::SnapshotTransaction>(impl.connection);
    } catch (...) {
        impl.fail("begin", false);
    }
}

Session::Transaction::~Transaction() {
    // Without a commit this rolls back; a connection that is gone has done so already.
    session_.impl_->transaction.reset();
}

void Session::Transaction::commit() {
    try {
        session_.impl_->transaction->commit();
    } catch (...) {
        session_.impl_->fail("commit", true);
    }
}

bool Session::is_open() const {
    return !impl_->spoiled && impl_->connection.is_open();
}

bool Session::was_hung_up() const {
    pollfd socket{impl_->connection.sock(), POLLIN, 0};
    return ::poll(&socket, 1, 0) != 0;
}

int Session::backend_pid() const {
    return impl_->connection.backendpid();
}
int Session::server_version() const {
    return impl_->connection.server_version();
}

}  // namespace fleet::pg
