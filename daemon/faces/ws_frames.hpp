// The text frames of `/ws`: reading requests, writing answers. Pure.
//
//   request   {"id":1,"op":"reservations.reserve","project":"demo","as":"viper-1","args":{…}}
//             `args` may be left out: then every member that is not one of id, op, as, idempotency_key, args belongs
//             to them, so that {"id":1,"op":"append","events":[…]} works. `op` is a name of the catalogue;
//             "append" means events.append_batch (events.append when there is no `events`), "reserve" means
//             reservations.reserve.
//             `idempotency_key`, `fence` and `project` mean what the headers mean. `id` is any string or number.
//   answer    {"id":1,"ok":true,"status":201,"result":{…}}      result is the body of the HTTP answer
//             {"id":1,"ok":false,"error":{problem document}}
//   subscribe {"id":2,"op":"subscribe","after":"1a2b3c4d.17"|"now"|{"cursor":"ci"},"filter":{…}}
//             → {"id":2,"ok":true,"status":200,"result":{"sub":"s1","head":17,"position":"1a2b3c4d.17"}}
//             then {"sub":"s1","events":[event…],"to":19,"position":"1a2b3c4d.19"}; `events` may be empty when what
//             matched nothing was passed over
//             ended by the daemon: {"sub":"s1","error":{problem}} or {"sub":"s1","goodbye":true,"to":19,"position":…}
//   ack       {"id":3,"op":"ack","cursor":"ci","seq":19,"project":"demo"}
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
    Json args = Json::object();
    std::string digest{};                            // SHA-256 of op and args, hex; only with an idempotency key
};

// Errors: bad_json, invalid_field (id, op), unknown_field. `id` is filled in as far as it could be read.
struct FrameRead {
    Json id = nullptr;
    Result<Frame> frame;
};
FrameRead read_frame(std::string_view text);

std::string answer_frame(Json const& id, int status, std::string_view result_json);
std::string error_frame(Json const& id, Error const& error);

// Events' text goes out untouched.
std::string events_frame(std::string_view sub, bus::Batch const& batch, std::string_view incarnation);
std::string ended_frame(std::string_view sub, Error const& error);
std::string goodbye_frame(std::string_view sub, Position const& last);

}  // namespace fleet::faces
