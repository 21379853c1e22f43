#pragma once
// libpqxx 6.4 and 7.x behind one name each. With session.cpp and rows.cpp the only place that sees pqxx.
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <type_traits>
#include <vector>

namespace fleet::pg::compat {

#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
#define FLEET_PQXX_EXEC_TAKES_PARAMS 1
#else
#define FLEET_PQXX_EXEC_TAKES_PARAMS 0
#endif

using Texts = std::vector<std::optional<std::string>>;

#if PQXX_VERSION_MAJOR >= 7
inline pqxx::params parameters(Texts const& texts) {
    pqxx::params all;
    for (auto const& text : texts) {
        if (text)
            all.append(*text);
        else
            all.append();
    }
    return all;
}
#else
inline auto parameters(Texts const& texts) {
    return pqxx::prepare::make_dynamic_params(texts.begin(), texts.end());
}
#endif

// A parameterised statement, planned for these values.
inline pqxx::result run(pqxx::transaction_base& transaction, std::string const& sql, Texts const& texts) {
#if FLEET_PQXX_EXEC_TAKES_PARAMS
    return transaction.exec(sql, parameters(texts));
#else
    return transaction.exec_params(sql, parameters(texts));
#endif
}

inline pqxx::result run_prepared(pqxx::transaction_base& transaction, std::string const& name,
                                 Texts const& texts) {
#if FLEET_PQXX_EXEC_TAKES_PARAMS
    return transaction.exec(pqxx::prepped{name}, parameters(texts));
#else
    return transaction.exec_prepared(name, parameters(texts));
#endif
}

// Before 7.0 a connection that broke was opened again at its next use, without its settings and locks.
inline void forbid_silent_reconnect([[maybe_unused]] pqxx::connection& connection) {
#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
}

#if PQXX_VERSION_MAJOR >= 7
using SnapshotTransaction =
    pqxx::transaction<pqxx::isolation_level::repeatable_read, pqxx::write_policy::read_only>;
#else
using SnapshotTransaction =
    pqxx::transaction<pqxx::isolation_level::repeatable_read, pqxx::readwrite_policy::read_only>;
#endif

// Sizes are std::size_t in one and int in the other.
template <class To, class From>
constexpr To sized(From value) {
    if constexpr (std::is_same_v<To, From>)
        return value;
    else
        return static_cast<To>(value);
}

// SQLSTATE of the exception in flight; "" where libpqxx has none. On 6.4 the rollback family is not an
// sql_error, and insufficient_privilege carries no code before 7.10.4.
inline std::string sqlstate_in_flight() {
    try {
        throw;
    } catch (pqxx::deadlock_detected const&) {
        return "40P01";
    } catch (pqxx::serialization_failure const&) {
        return "40001";
    } catch (pqxx::statement_completion_unknown const&) {
        return "40003";
    } catch (pqxx::transaction_rollback const&) {
        return "40000";
    } catch (pqxx::insufficient_privilege const&) {
        return "42501";
    } catch (pqxx::disk_full const&) {
        return "53100";
    } catch (pqxx::sql_error const& error) {
        return error.sqlstate();
    } catch (...) {
        return {};
    }
}

}  // namespace fleet::pg::compat
