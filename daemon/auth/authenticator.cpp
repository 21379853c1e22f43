#include "auth/authenticator.hpp"

#include "auth/secrets.hpp"
#include "store/reads.hpp"

#include <fleet/callsign.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace fleet::auth {

namespace {

std::string account_name(std::uint32_t uid) {
    std::array<char, 4'096> storage{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, storage.data(), storage.size(), &found) == 0 && found)
        return found->pw_name;
    return fmt::format("uid-{}", uid);
}

std::optional<Error> bad_callsign(std::string const& callsign) {
    if (callsign.empty() || Callsign::is_valid(callsign)) return std::nullopt;
    return make_error(ErrorCode::invalid_field,
                      "Fleet-As must be a callsign: [a-z][a-z0-9-]{0,62}", "/as");
}

asio::awaitable<Result<PilotToken>> find_pilot(store::Reads& reads, std::string token_sha256) {
    std::vector<std::optional<std::string>> arguments;
    arguments.emplace_back(std::move(token_sha256));
    auto rows = co_await reads.rows("pilot_of_token", std::move(arguments));
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return make_error(ErrorCode::unauthenticated, "nobody has this token");
    Json const& row = rows->front();
    PilotToken found{.pilot_id = text_or(row, "pilot_id", ""),
                     .callsign = text_or(row, "callsign", ""),
                     .project = text_or(row, "project", "")};
    co_return found;
}

}  // namespace

Authenticator::Authenticator(AuthenticatorOptions options, TokenLookup lookup)
    : options_(std::move(options)), lookup_(std::move(lookup)) {}

asio::awaitable<Result<Identity>> Authenticator::identify(Credentials credentials) {
    if (auto error = bad_callsign(credentials.callsign)) co_return std::move(*error);
    if (credentials.uid) co_return by_account(credentials);
    co_return co_await by_token(std::move(credentials));
}

Result<Identity> Authenticator::by_account(Credentials const& credentials) {
    std::uint32_t const uid = *credentials.uid;
    // Root could read every file of ours anyway.
    if (uid != options_.own_uid && uid != 0)
        return make_error(ErrorCode::unauthenticated,
                          fmt::format("the socket belongs to uid {}, this is uid {}", options_.own_uid, uid));
    auto& account = accounts_[uid];
    if (account.empty()) account = account_name(uid);
    return Identity{.source = "unix",
                    .caller = fmt::format("uid:{}", uid),
                    .account = account,
                    .uid = uid,
                    .pid = credentials.pid,
                    .callsign = credentials.callsign,
                    .roles = {std::string(operator_role)}};
}

asio::awaitable<Result<Identity>> Authenticator::by_token(Credentials credentials) {
    if (credentials.bearer.empty())
        co_return make_error(ErrorCode::unauthenticated, "this address needs `Authorization: Bearer TOKEN`");
    if (!options_.access_token.empty() && same_secret(credentials.bearer, options_.access_token)) {
        Identity identity{.source = "tcp",
                          .caller = "token",
                          .account = "operator",
                          .callsign = std::move(credentials.callsign),
                          .roles = {std::string(operator_role)}};
        co_return identity;
    }
    if (!lookup_ || !credentials.bearer.starts_with("tok_"))
        co_return make_error(ErrorCode::unauthenticated, "nobody has this token");
    auto digest = sha256_hex(credentials.bearer);
    auto pilot = co_await lookup_(std::move(digest));
    if (!pilot) co_return pilot.error();
    if (!credentials.callsign.empty() && credentials.callsign != pilot->callsign)
        co_return make_error(ErrorCode::forbidden,
                             fmt::format("this is the token of {}; it cannot act as {}", pilot->callsign,
                                         credentials.callsign));
    Identity identity{.source = "tcp",
                      .caller = "pilot:" + pilot->pilot_id,
                      .account = pilot->callsign,
                      .callsign = pilot->callsign,
                      .is_bound = true,
                      .project = pilot->project};
    co_return identity;
}

TokenLookup token_lookup(store::Reads& reads) {
    return [&reads](std::string token_sha256) -> asio::awaitable<Result<PilotToken>> {
        return find_pilot(reads, std::move(token_sha256));
    };
}

}  // namespace fleet::auth
