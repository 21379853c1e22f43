#include "pg/failure.hpp"

#include <fleet/json.hpp>

#include <array>

namespace fleet::pg {

namespace {

struct Policy {
    std::string_view state;  // a SQLSTATE, or a class of two characters
    FailureKind kind;
    ErrorCode code;
};

// The first that fits decides: whole states stand before their class.
constexpr std::array policies{
    Policy{"40001", FailureKind::retry, ErrorCode::away},
    Policy{"40P01", FailureKind::retry, ErrorCode::away},
    Policy{"40003", FailureKind::in_doubt, ErrorCode::away},
    Policy{"40", FailureKind::retry, ErrorCode::away},
    Policy{"55P03", FailureKind::retry, ErrorCode::away},    // lock_timeout
    Policy{"0A000", FailureKind::retry, ErrorCode::away},    // a cached plan after a migration
    Policy{"26000", FailureKind::retry, ErrorCode::away},    // a prepared statement a pooler lost
    Policy{"57014", FailureKind::refused, ErrorCode::away},  // statement_timeout
    Policy{"25006", FailureKind::lost, ErrorCode::away},     // a standby took our place
    Policy{"53100", FailureKind::refused, ErrorCode::disk_full},
    Policy{"53", FailureKind::lost, ErrorCode::away},
    Policy{"57P", FailureKind::lost, ErrorCode::away},  // shutdown, crash, starting up
    Policy{"08", FailureKind::lost, ErrorCode::away},
    Policy{"42501", FailureKind::refused, ErrorCode::forbidden},
    Policy{"3F000", FailureKind::refused, ErrorCode::schema_older},  // not migrated yet
    Policy{"42P01", FailureKind::refused, ErrorCode::schema_older},
    Policy{"42883", FailureKind::refused, ErrorCode::schema_older},
    Policy{"22", FailureKind::refused, ErrorCode::invalid_field},
    Policy{"23", FailureKind::refused, ErrorCode::invalid_field},
};

// libpq's text: "ERROR:  message", then lines DETAIL, HINT, CONTEXT, whose names depend on lc_messages.
std::string_view line_of(std::string_view text, int index) {
    for (; index > 0; --index) {
        auto const end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

std::string_view without_label(std::string_view line) {
    auto const colon = line.find(":  ");
    return colon == std::string_view::npos || colon > 24 ? line : line.substr(colon + 3);
}

}  // namespace

Failed::Failed(Failure failure) : std::runtime_error(failure.said), failure_(std::move(failure)) {}

void throw_exception_from_error(Failure const& failure, boost::source_location const&) {
    throw Failed(failure);
}

Failure failure_from(std::string_view sqlstate, std::string_view server_text, std::string_view statement) {
    auto const message = std::string(without_label(line_of(server_text, 0)));
    Failure failure;
    failure.sqlstate = sqlstate;
    failure.said = std::string(statement) + ": " + std::string(server_text);
    if (sqlstate.starts_with("FL")) {
        failure.kind = FailureKind::refused;
        // fleet.refuse puts an object with code, field and facts into DETAIL, the second line when there is
        // one.
        auto const code = error_code_from_sqlstate(sqlstate).value_or(ErrorCode::internal);
        auto detail = parse_json(without_label(line_of(server_text, 1)));
        failure.error = make_error(code, message);
        if (!detail || !detail->is_object()) return failure;
        failure.error.field = text_or(*detail, "field", "");
        detail->erase("code");
        detail->erase("field");
        if (!detail->empty()) failure.error.detail = *std::move(detail);
        return failure;
    }
    for (auto const& policy : policies) {
        if (!sqlstate.starts_with(policy.state)) continue;
        failure.kind = policy.kind;
        failure.error = make_error(policy.code, policy.code == ErrorCode::away ? std::string() : message);
        if (policy.code == ErrorCode::away) failure.error.retry_after_seconds = 1;
        return failure;
    }
    failure.kind = FailureKind::bug;
    failure.error = make_error(ErrorCode::internal);
    return failure;
}

}  // namespace fleet::pg
