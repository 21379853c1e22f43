#include <fleet/callsign.hpp>
#include <fleet/events.hpp>
#include <fleet/field.hpp>
#include <fleet/id.hpp>
#include <fleet/json.hpp>
#include <fleet/time.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace fleet {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

// Postgres counts the same way.
std::int64_t character_count(std::string_view text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    });
}

std::string joined(std::span<std::string_view const> words) {
    std::string text;
    for (auto const word : words) text += (text.empty() ? "" : ", ") + std::string(word);
    return text;
}

std::string range(Field const& field, std::string_view what) {
    return " from " + std::to_string(field.min) + " to " + std::to_string(field.max) + std::string(what);
}

// The parts of "one, two": what a filter names.
std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> parts;
    for (bool more = true; more;) {
        auto const comma = text.find(',');
        more = comma != text.npos;
        auto part = text.substr(0, comma);
        if (more) text.remove_prefix(comma + 1);
        auto const first = std::min(part.find_first_not_of(' '), part.size());
        part.remove_prefix(first);
        part = part.substr(0, part.find_last_not_of(' ') + 1);
        parts.push_back(part);
    }
    return parts;
}

// A filter that no event can ever meet answers an empty page, which looks as if nothing had happened.
std::string event_type_problem(std::string_view type) {
    if (find_event_type(type) != nullptr || is_user_event_type(type)) return {};
    std::vector<std::string_view> names;
    for (auto const& known : event_types()) names.push_back(known.type);
    std::string message = "there is no event type \"" + std::string(type.substr(0, 64)) + "\"";
    if (auto const near = nearest_name(type, names); !near.empty())
        message += "; did you mean " + std::string(near) + "?";
    return message;
}

// What is wrong with a text that names several things, or "".
std::string list_problem(Field const& field, std::string_view text) {
    for (auto const part : parts_of(text)) {
        if (field.check == "event_types") {
            if (auto problem = event_type_problem(part); !problem.empty()) return problem;
        } else if (std::find(field.allowed.begin(), field.allowed.end(), part) == field.allowed.end()) {
            return "\"" + std::string(part.substr(0, 64)) + "\" is none of " + joined(field.allowed);
        }
    }
    return {};
}

// What is wrong with the text of a field, or "".
std::string text_problem(Field const& field, std::string const& text) {
    if (!field.allowed.empty() && field.check != "list") {
        if (std::find(field.allowed.begin(), field.allowed.end(), text) != field.allowed.end()) return {};
        return "must be one of " + joined(field.allowed);
    }
    auto const count = character_count(text);
    if (count < field.min || count > field.max) return "must have" + range(field, " characters");
    if (field.type == FieldType::string && has_control(text)) return "must not have control characters";
    if (field.check == "list" || field.check == "event_types") return list_problem(field, text);
    if (field.check == "callsign" && !Callsign::is_valid(text)) return Callsign::parse(text).error().message;
    if (field.check == "name") {
        constexpr std::string_view known = "abcdefghijklmnopqrstuvwxyz0123456789_";
        if (text.find_first_not_of(known) != text.npos) return "may have a-z, 0-9 and _ only";
        if (text.front() < 'a' || text.front() > 'z') return "must begin with a letter";
    }
    if (field.check.starts_with("id:")) {
        if (auto const id = check_id(text, field.check.substr(3)); !id) return id.error().message;
    }
    return {};
}

std::string integer_problem(Field const& field, Json const& value) {
    if (!value.is_number_integer()) return "must be an integer";
    auto const number = value.get<std::int64_t>();
    if (number < field.min || number > field.max) return "must be" + range(field, "");
    return {};
}

std::string duration_problem(Field const& field, Json const& value) {
    auto const duration = duration_from_json(value);
    if (!duration) return duration.error().message;
    auto const ms = duration->count();
    if (ms < field.min * 1'000 || ms > field.max * 1'000) return "must be" + range(field, " seconds");
    return {};
}

class Check {
public:
    std::optional<Error> object(std::span<Field const> fields, Json const& value,
                                std::string const& pointer) {
        if (!value.is_object()) return invalid("must be an object", pointer);
        for (auto const& member : value.items()) {
            auto const& name = member.key();
            auto const known = [&](Field const& field) { return field.name == name; };
            if (std::none_of(fields.begin(), fields.end(), known)) return unknown(fields, name, pointer);
        }
        for (auto const& field : fields) {
            auto const at = json_pointer(pointer, field.name);
            auto const found = value.find(field.name);
            if (found == value.end()) {
                if (field.required) return invalid("is missing", at);
                continue;
            }
            if (found->is_null() && field.nullable) continue;
            if (auto problem = one(field, *found, at)) return problem;
        }
        return std::nullopt;
    }

private:
    static std::optional<Error> invalid(std::string message, std::string pointer) {
        return make_error(ErrorCode::invalid_field, std::move(message), std::move(pointer));
    }

    static std::optional<Error> invalid_unless_empty(std::string message, std::string const& pointer) {
        if (message.empty()) return std::nullopt;
        return invalid(std::move(message), pointer);
    }

    static std::optional<Error> unknown(std::span<Field const> fields, std::string const& name,
                                        std::string const& pointer) {
        std::vector<std::string_view> names;
        for (auto const& field : fields) names.push_back(field.name);
        auto const near = nearest_name(name, names);
        // A foreign name may be long: the pointer has all of it, the sentence does not need it.
        std::string message = "there is no field " + name.substr(0, 64);
        if (!near.empty())
            message += "; did you mean " + std::string(near) + "?";
        else if (!names.empty())
            message += "; known are " + joined(names);
        return make_error(ErrorCode::unknown_field, std::move(message), json_pointer(pointer, name));
    }

    std::optional<Error> one(Field const& field, Json const& value, std::string const& at) {
        switch (field.type) {
            case FieldType::string:
            case FieldType::text:
                if (!value.is_string()) return invalid("must be a string", at);
                return invalid_unless_empty(text_problem(field, value.get_ref<std::string const&>()), at);
            case FieldType::integer: return invalid_unless_empty(integer_problem(field, value), at);
            case FieldType::number:
                return invalid_unless_empty(value.is_number() ? "" : "must be a number", at);
            case FieldType::boolean:
                return invalid_unless_empty(value.is_boolean() ? "" : "must be true or false", at);
            case FieldType::timestamp: return timestamp(value, at);
            case FieldType::duration: return invalid_unless_empty(duration_problem(field, value), at);
            case FieldType::strings: return strings(field, value, at);
            case FieldType::object:
                if (!field.members.empty()) return object(field.members, value, at);
                return invalid_unless_empty(value.is_object() ? "" : "must be an object", at);
            case FieldType::objects: return objects(field, value, at);
            case FieldType::any: return std::nullopt;
        }
        return std::nullopt;
    }

    static std::optional<Error> timestamp(Json const& value, std::string const& at) {
        if (!value.is_string()) return invalid("must be a time like 2026-01-31T12:00:00.000Z", at);
        auto const time = parse_time(value.get_ref<std::string const&>());
        return time ? std::nullopt : invalid(time.error().message, at);
    }

    static std::optional<Error> count(Field const& field, Json const& value, std::string const& at) {
        if (!value.is_array()) return invalid("must be a list", at);
        auto const size = static_cast<std::int64_t>(value.size());
        if (size < field.min || size > field.max) return invalid("must have" + range(field, " items"), at);
        return std::nullopt;
    }

    static std::optional<Error> strings(Field const& field, Json const& value, std::string const& at) {
        if (auto problem = count(field, value, at)) return problem;
        for (std::size_t i = 0; i < value.size(); ++i) {
            auto const item_at = json_pointer(at, std::to_string(i));
            if (!value[i].is_string()) return invalid("must be a string", item_at);
            auto const size = character_count(value[i].get_ref<std::string const&>());
            if (size < 1 || (field.item_max > 0 && size > field.item_max))
                return invalid("must have from 1 to " + std::to_string(field.item_max) + " characters",
                               item_at);
            if (field.check != "event_types") continue;
            auto problem = event_type_problem(value[i].get_ref<std::string const&>());
            if (!problem.empty()) return invalid(std::move(problem), item_at);
        }
        return std::nullopt;
    }

    std::optional<Error> objects(Field const& field, Json const& value, std::string const& at) {
        if (auto problem = count(field, value, at)) return problem;
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (auto problem = object(field.members, value[i], json_pointer(at, std::to_string(i))))
                return problem;
        }
        return std::nullopt;
    }
};

}  // namespace

std::optional<Error> check_fields(std::span<Field const> fields, Json const& object,
                                  std::string_view pointer) {
    return Check{}.object(fields, object, std::string(pointer));
}

std::string_view nearest_name(std::string_view typed, std::span<std::string_view const> candidates) {
    // A third of the letters may be wrong; what is longer than any of our names is not compared at all.
    if (typed.size() > 64) return {};
    auto best = std::max<std::size_t>(1, typed.size() / 3) + 1;
    std::string_view nearest;
    for (auto const candidate : candidates) {
        auto const distance = edit_distance(typed, candidate);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace fleet
