// Establishes who is asking, from what the connection and the headers show.
#pragma once

#include "auth/identity.hpp"

#include <fleet/result.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::store {
class Reads;
}

namespace fleet::auth {

namespace asio = boost::asio;

// What a request shows of itself. `callsign` and `bearer` are as the client sent them.
struct Credentials {
    std::optional<std::uint32_t> uid{};      // of the unix socket's peer; empty on TCP
    std::optional<std::int32_t> pid{};
    std::string bearer{};                    // Authorization: Bearer …
    std::string callsign{};                  // Fleet-As
};

struct PilotToken {
    std::string pilot_id;
    std::string callsign;
    std::string project;
};
// Finds the live pilot whose token has this SHA-256 (hex); `unauthenticated` when there is none.
using TokenLookup = std::function<asio::awaitable<Result<PilotToken>>(std::string token_sha256)>;

struct AuthenticatorOptions {
    std::uint32_t own_uid = 0;               // the account that runs the daemon
    std::string access_token{};              // of the daemon, for TCP (`access_token`); "" takes none
};

// Unix socket: the daemon's own account and root are trusted and operators; a callsign is claimed by naming
// it. TCP: a token. The daemon's (from a 0600 file) makes an operator, a pilot's acts as that pilot and
// nobody else. Lives on the loop thread.
class Authenticator {
public:
    Authenticator(AuthenticatorOptions options, TokenLookup lookup);

    // Errors: unauthenticated; forbidden (a pilot's token with another callsign); invalid_field (Fleet-As is
    // no callsign); away (a pilot's token cannot be looked up just now).
    asio::awaitable<Result<Identity>> identify(Credentials credentials);

private:
    Result<Identity> by_account(Credentials const& credentials);
    asio::awaitable<Result<Identity>> by_token(Credentials credentials);

    AuthenticatorOptions options_;
    TokenLookup lookup_;
    std::map<std::uint32_t, std::string> accounts_{};   // names by uid, asked of the system once each
};

// Asks the database. `reads` outlives what is returned.
TokenLookup token_lookup(store::Reads& reads);

}  // namespace fleet::auth
