// The text frames of `/ws`: reading requests, writing answers. Pure.
//
//   request   {"id":1,"op":"reservations.reserve","project":"demo","as":"viper-1","args":{…}}
//             `args` may be left out: then every member that is not one of id, op, as, idempotency_key,
//             if_match belongs to them, so that {"id":1,"op":"append","events":[…]} works. `op` is a name of
//             the catalogue; "append" means events.append_batch, or events.append when there is no `events`.
//             `idempotency_key`, `if_match` (an integer), `fence` and `project` mean what the headers mean.
//             `id` is a string or an integer.
//   answer    {"id":1,"ok":true,"status":201,"result":{…}}      result is the body of the HTTP answer; its
//             `stream_version` is the ETag
//             {"id":1,"ok":false,"error":{problem document}}
//   subscribe {"id":2,"op":"subscribe","after":"1a2b3c4d.17"|17|"now"|{"cursor":"ci"},"filter":{…}}
//             → {"id":2,"ok":true,"sub":"s1","head":"1a2b3c4d.17"}
//             then {"sub":"s1","events":[event…],"to":"1a2b3c4d.19"}; `events` may be empty when what was
//             passed over did not match ended by the daemon: {"sub":"s1","error":{problem}} or
//             {"sub":"s1","goodbye":true,"to":"1a2b3c4d.19"}
//   ack       {"id":3,"op":"ack","cursor":"ci","seq":19,"project":"demo"}
// Positions are opaque texts; a bare seq is taken wherever a position is.
#pragma once

#include "bus/subscriber.hpp"
#include "net/channel.hpp"

#include <fleet/event.hpp>
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::faces {

struct Frame {
    Json id = nullptr;                               // string or integer, given back with the answer
    std::string op{};                                // name of the catalogue
    std::string callsign{};                          // "as"
    std::string idempotency_key{};
    std::optional<std::int64_t> if_match{};
    Json args = Json::object();
};

// Errors: bad_json, invalid_field (id, op), unknown_field. `id` is filled in as far as it could be read.
struct FrameRead {
    Json id = nullptr;
    Result<Frame> frame;
};
FrameRead read_frame(std::string_view text);

std::string subscribed_frame(Json const& id, std::string_view sub, Position const& head);
std::string answer_frame(Json const& id, int status, std::string_view result_json);
std::string error_frame(Json const& id, Error const& error);

// Events' text goes out untouched.
std::string events_frame(std::string_view sub, bus::Batch const& batch, std::string_view incarnation);
std::string ended_frame(std::string_view sub, Error const& error);
std::string goodbye_frame(std::string_view sub, Position const& last);

}  // namespace fleet::faces
