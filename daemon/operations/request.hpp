// What every face hands to `Operations`, and what it gets back.
#pragma once

#include "auth/identity.hpp"
#include "operations/leaving.hpp"
#include "store/act.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace fleet::ops {

namespace asio = boost::asio;

// Input of one operation. `args` holds path, query and body members alike and was checked against the
// operation's definition (`check_input`) by the face.
struct Request {
    Json args = Json::object();
    auth::Identity caller{};
    std::string project{};                           // header Fleet-Project; a member `project` of args wins
    std::string idempotency_key{};                   // "" draws one
    std::optional<store::Fence> fence{};             // header Fleet-Fence; a member `fence` of args wins
    std::optional<std::int64_t> if_match{};
    std::shared_ptr<Leaving> leaving{};              // null: this caller cannot leave
};

// Takes the documents of a streamed answer. Owned by the face.
class Sink {
public:
    virtual ~Sink() = default;
    // Completes when the client can take more. False when nobody listens any more: then return.
    virtual asio::awaitable<bool> write(Json document) = 0;
    virtual bool is_open() const = 0;
    // Called once when the client goes or the daemon stops; at once if that has happened.
    virtual void on_end(std::function<void()> act) = 0;
};

// Writes documents until it returns. An error becomes the last line: {"error": problem}.
using Stream = std::function<asio::awaitable<Result<void>>(Sink& sink)>;

struct Answer {
    std::string json{"{}"};                          // one JSON text, often as the database wrote it
    int status = 200;
    std::optional<std::string> location{};           // path below /api/v1 of what was made
    std::optional<std::int64_t> version{};           // of the entity: the ETag
    std::optional<std::int64_t> seq{};               // the answer has seen the log up to here
    bool replayed = false;                           // the stored answer of an earlier call with the same key
    Stream stream{};                                 // when set, the answer is its documents, not `json`
};

Answer answer_of(Json const& body, int status = 200);

}  // namespace fleet::ops
