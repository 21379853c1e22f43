#include <fleet/json.hpp>
#include <fleet/result.hpp>

#include <utility>

namespace fleet {

Error make_error(ErrorCode code, std::string message, std::string field, Json detail) {
    auto const& info = error_info(code);
    if (message.empty()) message = info.message;
    return Error{.code = code,
                 .message = std::move(message),
                 .field = std::move(field),
                 .hint = std::string(info.hint),
                 .detail = std::move(detail),
                 .retry_after_seconds = {}};
}

Json problem_from_error(Error const& error) {
    auto const& info = error_info(error.code);
    Json problem = {
        {"type", "urn:fleettools:error:" + std::string(info.text)},
        {"title", info.message},
        {"status", info.http_status},
        {"code", info.text},
        {"detail", error.message},
    };
    if (!error.field.empty()) problem["field"] = error.field;
    if (!error.hint.empty()) problem["hint"] = error.hint;
    if (!error.detail.is_null()) problem["facts"] = error.detail;
    if (error.retry_after_seconds) problem["retry_after_seconds"] = *error.retry_after_seconds;
    return problem;
}

namespace {

// For a code that this version does not know, the status still says what kind of trouble it is.
ErrorCode code_of_status(std::int64_t status) {
    switch (status) {
        case 400: return ErrorCode::bad_json;
        case 401: return ErrorCode::unauthenticated;
        case 403: return ErrorCode::forbidden;
        case 404: return ErrorCode::not_found;
        case 409: return ErrorCode::transition_refused;
        case 413: return ErrorCode::too_large;
        case 422: return ErrorCode::invalid_field;
        case 429: return ErrorCode::too_many;
        case 503: return ErrorCode::away;
        default: return ErrorCode::internal;
    }
}

}  // namespace

Error error_from_problem(Json const& problem) {
    auto const known = error_code_from(text_or(problem, "code", ""));
    auto const code = known ? *known : code_of_status(number_or(problem, "status", 500));
    Error error = make_error(code, text_or(problem, "detail", text_or(problem, "title", "")));
    error.field = text_or(problem, "field", "");
    error.hint = text_or(problem, "hint", error.hint);
    if (problem.is_object() && problem.contains("facts")) error.detail = problem["facts"];
    if (auto const seconds = number_or(problem, "retry_after_seconds", -1); seconds >= 0 && seconds <= 86'400)
        error.retry_after_seconds = static_cast<int>(seconds);
    return error;
}

std::string describe(Error const& error) {
    std::string text = error.message.empty() ? std::string(error_info(error.code).message) : error.message;
    if (!error.field.empty()) text += " (field " + error.field + ")";
    if (!error.hint.empty()) text += ". Hint: " + error.hint;
    return text;
}

ErrorException::ErrorException(Error error) : std::runtime_error(describe(error)), error_(std::move(error)) {}

void throw_exception_from_error(Error const& error, boost::source_location const& /*where*/) {
    throw ErrorException(error);
}

}  // namespace fleet
