#pragma once
// Commands as C++ values and their answers. No rule lives here: `fleet.act` decides.
#include "pg/session.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::store {

// The lease a caller acts under.
struct Fence {
    std::string kind;  // "reservation"
    std::string id;
    std::int64_t token = 0;
};

struct ActRequest {
    std::string op;         // "reserve"
    std::string project{};  // "" where the command has none
    std::string actor{};    // callsign, user or "system"
    std::string caller{};   // "uid:0": whose idempotency keys these are
    std::string key{};      // idempotency key; "" draws one, so that a repeat is safe
    std::string digest{};   // SHA-256 of the caller's body in hex; only with a caller's key
    std::string host{};     // with `epoch`: the host this daemon speaks for
    std::optional<std::int64_t> epoch{};
    std::vector<std::string> roles{};  // "operator"
    Json metadata = Json::object();
    std::optional<Fence> fence{};
    Json args = Json::object();
};

struct ActRow {
    std::string result{};               // JSON text as the database wrote it; "" when refused
    std::optional<Error> refusal{};     // empty: it was done
    std::optional<std::int64_t> seq{};  // last position it appended; a refusal may append, too
    bool replayed = false;              // the answer of an earlier call with the same key

    bool ok() const { return !refusal; }
    Json result_json() const;  // an empty object where there is no result
};

// Draws what makes a repeat of the request safe: an id for each event of an `append`, a key for any other op.
void seal(ActRequest& request);

// One element of the array `fleet.act` takes, as JSON text.
std::string request_text(ActRequest const& request);

// '[' + requests + ']'.
std::string batch_text(std::vector<std::string const*> const& requests);

// Sends one batch; one row per request, in order (asserted). Throws pg::Failed.
std::vector<ActRow> act(pg::Session& session, std::string batch, std::size_t requests);

}  // namespace fleet::store
