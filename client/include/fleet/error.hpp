#pragma once
// What a caller is told when something expected goes wrong. Codes, statuses, messages and hints are defined
// once in client/catalogue/errors.json; `ErrorCode` and its table are generated from there.
#include <fleet/error_codes.hpp>
#include <fleet/json_value.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fleet {

// One row of the catalogue. Views point to static storage.
struct ErrorInfo {
    ErrorCode code;
    std::string_view text;  // stable name on every wire, for example "reservation_held"
    int http_status;
    int exit_code;              // of the command line
    std::string_view sqlstate;  // "FL423"
    std::string_view message;   // default message
    std::string_view hint;      // the next step
};

struct Error {
    ErrorCode code{};
    std::string message{};  // one sentence for a person
    std::string field{};    // JSON pointer to the offending value, or ""
    std::string hint{};     // the next step
    Json detail = nullptr;  // an object with facts a program can use (who holds it, …), or null
    std::optional<int> retry_after_seconds{};
};

ErrorInfo const& error_info(ErrorCode code);
std::optional<ErrorCode> error_code_from(std::string_view text);
std::optional<ErrorCode> error_code_from_sqlstate(std::string_view sqlstate);

// Fills message and hint from the catalogue where none is given.
Error make_error(ErrorCode code, std::string message = {}, std::string field = {}, Json detail = nullptr);

inline int http_status(Error const& error) {
    return error_info(error.code).http_status;
}
inline int exit_code(Error const& error) {
    return error_info(error.code).exit_code;
}
inline std::string_view text_code(Error const& error) {
    return error_info(error.code).text;
}

// The members of an RFC 9457 problem document: type, title, status, code, detail (the message), and where
// known field, hint, retry_after_seconds, facts (`Error::detail`).
Json problem_from_error(Error const& error);

// The inverse, lenient: a document of an older or newer daemon still gives the best error it can.
Error error_from_problem(Json const& problem);

// "message (field /patterns/0). Hint: …": one line for logs and terminals.
std::string describe(Error const& error);

// Thrown by `Result::value()` on an error and by the blocking facade.
class ErrorException : public std::runtime_error {
public:
    explicit ErrorException(Error error);
    Error const& error() const noexcept { return error_; }

private:
    Error error_;
};

}  // namespace fleet
