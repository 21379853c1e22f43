#include "cli/entity.hpp"

#include "cli/context.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {

Entity const mission_entity{.word = "mission",
                            .prefix = "msn",
                            .id_field = "mission_id",
                            .show = "missions.show",
                            .list = "missions.list",
                            .name = "title",
                            .listing = "fleet missions list --all"};
Entity const sortie_entity{.word = "sortie",
                           .prefix = "srt",
                           .id_field = "sortie_id",
                           .show = "sorties.show",
                           .list = "sorties.list",
                           .name = "name",
                           .listing = "fleet sorties list --all"};
Entity const order_entity{.word = "work order",
                          .prefix = "wo",
                          .id_field = "work_order_id",
                          .show = "work_orders.show",
                          .list = "work_orders.list",
                          .name = "",
                          .listing = "fleet orders list --all"};
Entity const message_entity{.word = "message",
                            .prefix = "msg",
                            .id_field = "message_id",
                            .show = "messages.show",
                            .list = "messages.list",
                            .name = "",
                            .listing = "fleet mail inbox --all"};
Entity const thread_entity{.word = "thread",
                           .prefix = "thr",
                           .id_field = "thread_id",
                           .show = "threads.show",
                           .list = "threads.list",
                           .name = "title",
                           .listing = "fleet mail inbox --all"};

namespace {

constexpr std::size_t candidates_shown = 5;

// "srt_…x7k2pq" as it was copied from the screen: what stands behind the gap.
std::string without_gap(std::string const& typed) {
    for (std::string_view const gap : {"…", "..."}) {
        if (auto const at = typed.find(gap); at != std::string::npos) return typed.substr(at + gap.size());
    }
    return typed;
}

bool is_called(Json const& item, Entity const& entity, std::string const& typed) {
    if (!entity.name.empty() && text_or(item, entity.name, "") == typed) return true;
    return text_or(item, "title", "") == typed;
}

std::vector<Json> named(Context& context, Entity const& entity, std::string const& typed, Json args) {
    args["project"] = context.require_project();
    args["limit"] = 1'000;
    std::vector<Json> names;
    std::vector<Json> ends;
    Json page = context.call(std::string(entity.list), std::move(args));
    for (Json const& item : page.at("items")) {
        if (is_called(item, entity, typed)) names.push_back(item);
        if (id_matches(text_or(item, entity.id_field, ""), typed)) ends.push_back(item);
    }
    return names.empty() ? ends : names;
}

// One that is still to be done is meant rather than one of the same name that has ended.
void prefer_open(std::vector<Json>& found) {
    auto is_open = [](Json const& item) {
        auto status = text_or(item, "status", "");
        return status != "completed" && status != "failed" && status != "cancelled" && status != "skipped" &&
               status != "dead";
    };
    if (std::count_if(found.begin(), found.end(), is_open) != 1) return;
    std::erase_if(found, [&](Json const& item) { return !is_open(item); });
}

[[noreturn]] void ambiguous(Entity const& entity, std::string const& typed, std::vector<Json> const& found) {
    std::vector<std::string> lines;
    for (Json const& item : found) {
        if (lines.size() == candidates_shown) break;
        lines.push_back(
            fmt::format("{} ({})", short_id(text_or(item, entity.id_field, "")),
                        text_or(item, "title", text_or(item, entity.name, text_or(item, "status", "")))));
    }
    refuse(ErrorCode::usage, fmt::format("{} could mean {} {}s", typed, found.size(), entity.word),
           fmt::format("Name one of: {}", joined(lines, ", ")));
}

}  // namespace

std::string id_of(Context& context, Entity const& entity, std::string const& typed, Json const& among) {
    if (check_id(typed, entity.prefix)) return typed;
    auto part = without_gap(typed);
    bool is_word = !part.empty() && part.find(' ') == std::string::npos;
    if (is_word) {
        Json args{{"project", context.require_project()}};
        args[std::string(entity.id_field)] = part;
        auto shown = context.try_call(std::string(entity.show), std::move(args));
        if (shown && shown->contains(entity.id_field)) return text_or(*shown, entity.id_field, "");
        bool unknown = shown || shown.error().code == ErrorCode::not_found ||
                       shown.error().code == ErrorCode::invalid_field;
        if (!unknown) throw ErrorException(shown.error());
    }
    auto found = named(context, entity, part, among);
    prefer_open(found);
    if (found.size() == 1) return text_or(found.front(), entity.id_field, "");
    if (found.size() > 1) ambiguous(entity, typed, found);
    refuse(ErrorCode::not_found, fmt::format("there is no {} {}", entity.word, typed),
           fmt::format("`{}` shows them; a start or the end of an id is enough.", entity.listing));
}

std::vector<std::string> ids_of(Context& context, Entity const& entity,
                                std::vector<std::string> const& typed) {
    std::vector<std::string> ids;
    for (std::string const& one : typed) ids.push_back(id_of(context, entity, one));
    return ids;
}

}  // namespace fleet::cli
