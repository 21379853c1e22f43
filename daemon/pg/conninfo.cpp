#include "pg/conninfo.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <map>
#include <memory>

namespace fleet::pg {

namespace {

struct OptionsCloser {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
struct TextCloser {
    void operator()(char* text) const { PQfreemem(text); }
};

std::string quoted(std::string const& value) {
    std::string out = "'";
    for (char const c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

}  // namespace

Result<std::map<std::string, std::string>> dsn_members(std::string const& dsn) {
    char* raw_error = nullptr;
    std::unique_ptr<PQconninfoOption, OptionsCloser> const options(PQconninfoParse(dsn.c_str(), &raw_error));
    std::unique_ptr<char, TextCloser> const error(raw_error);
    // libpq's words may quote the DSN, password and all: they stay here.
    if (!options)
        return make_error(ErrorCode::not_configured, "the database DSN cannot be read", "/database/dsn");
    std::map<std::string, std::string> members;
    for (auto const* option = options.get(); option->keyword; ++option) {
        char const* value = option->val;
        if (!value && option->envvar) value = std::getenv(option->envvar);
        if (value && *value) members[option->keyword] = value;
    }
    return members;
}

std::string dsn_of(std::map<std::string, std::string> const& members) {
    std::string text;
    for (auto const& [keyword, value] : members) text += keyword + "=" + quoted(value) + " ";
    return text;
}

std::string conninfo(std::string const& dsn, SessionSettings const& settings) {
    char* raw_error = nullptr;
    std::unique_ptr<PQconninfoOption, OptionsCloser> options(PQconninfoParse(dsn.c_str(), &raw_error));
    std::unique_ptr<char, TextCloser> error(raw_error);
    if (!options) {
        Failure failure;
        failure.kind = FailureKind::lost;
        // libpq's words may quote the DSN, password and all: they stay here.
        failure.error =
            make_error(ErrorCode::not_configured, "the database DSN cannot be read", "/database/dsn");
        failure.said = "the database DSN cannot be read";
        throw Failed(std::move(failure));
    }
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(settings.connect_timeout).count();
    auto const cut_after = std::to_string(settings.tcp_user_timeout.count());
    std::map<std::string, std::string> all{{"connect_timeout", std::to_string(seconds)},
                                           {"keepalives_idle", "10"},
                                           {"keepalives_interval", "3"},
                                           {"keepalives_count", "3"},
                                           {"tcp_user_timeout", cut_after}};
    for (auto const* option = options.get(); option->keyword; ++option)
        if (option->val) all[option->keyword] = option->val;
    all["client_encoding"] = "UTF8";
    // Of several servers only the one that can be written is of use.
    if (all["host"].find(',') != std::string::npos || all["hostaddr"].find(',') != std::string::npos)
        all.try_emplace("target_session_attrs", "read-write");
    if (!settings.application_name.empty()) all["application_name"] = settings.application_name;
    std::string text;
    for (auto const& [keyword, value] : all)
        if (!value.empty()) text += keyword + "=" + quoted(value) + " ";
    return text;
}

}  // namespace fleet::pg
