#pragma once
// What people type instead of an id: an end or a start of it, or a name.
#include <fleet/json_value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

class Context;

struct Entity {
    std::string_view word;      // "sortie", as errors say it
    std::string_view prefix;    // of its ids: "srt"
    std::string_view id_field;  // "sortie_id"
    std::string_view show;      // the operation that shows one; it takes a start or an end of the id, too
    std::string_view list;      // the operation that lists them
    std::string_view name;      // the member people know it by; "": none
    std::string_view listing;   // the command that lists them
};

extern Entity const mission_entity;
extern Entity const sortie_entity;
extern Entity const order_entity;
extern Entity const message_entity;
extern Entity const thread_entity;

// The whole id that is meant. What is an id already is not looked up: the operation says whether it is there.
// `among` narrows where names are looked for ({"mission_id": …}). Throws not_found, and `usage` with the
// candidates when several could be meant.
std::string id_of(Context& context, Entity const& entity, std::string const& typed,
                  Json const& among = Json::object());
std::vector<std::string> ids_of(Context& context, Entity const& entity,
                                std::vector<std::string> const& typed);

}  // namespace fleet::cli
