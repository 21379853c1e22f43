// What a request of HTTP says, as values: headers and arguments. Pure; internal to this room.
#pragma once

#include "auth/authenticator.hpp"
#include "net/http.hpp"
#include "operations/request.hpp"

#include <fleet/json_value.hpp>
#include <fleet/operations.hpp>
#include <fleet/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::faces {

auth::Credentials credentials_of(net::HttpRequest const& request, net::Peer const& peer);

// Fleet-Project, Idempotency-Key, Fleet-Fence and If-Match, checked. Errors: invalid_field, bad_request.
struct CallHeaders {
    std::string project{};
    std::string idempotency_key{};
    std::optional<store::Fence> fence{};
    std::optional<std::int64_t> if_match{};
};
Result<CallHeaders> call_headers(net::Headers const& headers);

// "reservation/rsv_…/123". Errors: invalid_field.
Result<store::Fence> parse_fence(std::string_view text);
// One to 200 visible characters of ASCII. Errors: invalid_field.
std::optional<Error> check_idempotency_key(std::string_view key);

// True when the header Accept (or its absence) allows `type`.
bool accepts(net::Headers const& headers, std::string_view type);
// Errors: unsupported_media_type.
std::optional<Error> check_content_type(net::HttpRequest const& request);

// Path and query parameters, and the body's members, as one object that was checked against the operation's
// input. `body` is null when there is none. Errors: invalid_field, unknown_field.
Result<Json> arguments_of(Operation const& operation, Json path_args, Json query, Json body);

}  // namespace fleet::faces
