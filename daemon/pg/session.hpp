#pragma once
// One database session, as a job of the pool sees it. Used by the pool thread that owns it alone. Every call
// blocks, is bounded by `statement_timeout`, and throws `Failed`; the pool catches it.
#include "pg/failure.hpp"
#include "pg/line.hpp"
#include "pg/rows.hpp"
#include "pg/statement.hpp"

#include <fleet/time.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet::pg {

struct SessionSettings {
    std::string application_name{};  // "fleetd/<host>/<duty>"
    std::string role{};              // "fleet_daemon"; "" keeps the role of the DSN (migrations)
    Millis connect_timeout{5'000};
    Millis statement_timeout{10'000};
    Millis lock_timeout{2'000};
    Millis idle_in_transaction_timeout{2'000};
    Millis tcp_user_timeout{10'000};  // of both ends
};

// An argument as the wire takes it: text or NULL; the statement casts it.
using Argument = std::optional<std::string>;
inline Argument argument(std::string text) {
    return Argument(std::move(text));
}
inline Argument argument(std::string_view text) {
    return Argument(std::string(text));
}
inline Argument argument(char const* text) {
    return Argument(std::string(text));
}
inline Argument argument(std::optional<std::string> text) {
    return text;
}
inline Argument argument(std::nullopt_t) {
    return std::nullopt;
}
inline Argument argument(bool value) {
    return Argument(value ? "true" : "false");
}
template <std::integral T>
requires(!std::same_as<T, bool>) Argument argument(T value) {
    return Argument(std::to_string(value));
}

enum class TransactionMode {
    read_snapshot,  // REPEATABLE READ READ ONLY: several reads that see one state
    write           // READ COMMITTED; for migrations, never for commands
};

class Session {
public:
    // Connects and sends the settings. A lost session stays lost: nothing ever reconnects behind a caller's
    // back. `line` is for the one who may have to cut the session off from another thread.
    Session(std::string const& dsn, SessionSettings const& settings, std::shared_ptr<Line> line = {});
    ~Session();
    Session(Session const&) = delete;
    Session& operator=(Session const&) = delete;

    // One statement, committed by itself unless it stands in `in_transaction`. Planned anew with the values
    // given.
    template <class... Args>
    Rows rows(Statement const& statement, Args&&... args) {
        return execute(statement, arguments(std::forward<Args>(args)...), false);
    }

    // The same, prepared once a session: for what is sent all the time.
    template <class... Args>
    Rows prepared(Statement const& statement, Args&&... args) {
        return execute(statement, arguments(std::forward<Args>(args)...), true);
    }

    // With arguments put together at run time.
    Rows execute(Statement const& statement, std::vector<Argument> arguments, bool prepared);

    // Statement text that is data (a migration): several statements, no parameters.
    void script(std::string_view sql, std::string_view name);

    // Runs `work()` in one transaction; commits when it returns, rolls back when it throws.
    template <class Work>
    auto in_transaction(TransactionMode mode, Work&& work) {
        Transaction transaction(*this, mode);
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            transaction.commit();
        } else {
            auto outcome = work();
            transaction.commit();
            return outcome;
        }
    }

    // False after it was lost, or when something (a stale plan) makes a new one wiser.
    bool is_open() const;
    // True when an idle session has something to read: the server said goodbye.
    bool was_hung_up() const;
    int backend_pid() const;
    int server_version() const;  // 150016

private:
    class Transaction {
    public:
        Transaction(Session& session, TransactionMode mode);
        ~Transaction();
        void commit();

    private:
        Session& session_;
    };
    template <class... Args>
    static std::vector<Argument> arguments(Args&&... args) {
        std::vector<Argument> all;
        all.reserve(sizeof...(args));
        (all.push_back(argument(std::forward<Args>(args))), ...);
        return all;
    }

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fleet::pg
