#pragma once
// What can go wrong with a statement: kinds, each with one policy.
#include <fleet/error.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace fleet::pg {

enum class FailureKind {
    no_database,  // there is none to connect to (the DSN source says so): tell the caller at once
    lost,         // the session is gone and nothing was committed: drop it; repeat what may be repeated
    in_doubt,     // the session was lost while committing: the outcome is unknown; repeat with the same ids
    retry,        // serialization, deadlock, lock timeout, stale plan: try again, a limited number of times
    refused,      // the database refuses this input: to the caller
    bug           // anything else: logged with the statement's name; the caller hears `internal`
};

struct Failure {
    FailureKind kind{};
    Error error;             // what a caller may be told: never CONTEXT, never SQL text
    std::string sqlstate{};  // "" when the server did not answer
    std::string said{};      // the server's own words and the statement's name, for the log alone
};

// Thrown by `Session` in a job, caught by `Pool`.
class Failed : public std::runtime_error {
public:
    explicit Failed(Failure failure);
    Failure const& failure() const noexcept { return failure_; }

private:
    Failure failure_;
};

template <class T>
using Outcome = boost::system::result<T, Failure>;

// Found by boost::system::result through argument-dependent lookup.
[[noreturn]] void throw_exception_from_error(Failure const& failure, boost::source_location const& where);

// Decides by SQLSTATE. `server_text` is what the server said: first line the message, then lines DETAIL,
// HINT, CONTEXT. A SQLSTATE of class FL becomes the catalogue's error with DETAIL as the field.
Failure failure_from(std::string_view sqlstate, std::string_view server_text, std::string_view statement);

}  // namespace fleet::pg
