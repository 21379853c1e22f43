// Reading OTLP's JSON: attributes, numbers and times in the shapes that exporters write. Internal to this
// room.
#pragma once

#include <fleet/json_value.hpp>
#include <fleet/time.hpp>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::ops {

// Attributes of a thing, then of the resource it belongs to.
class OtlpAttributes {
public:
    OtlpAttributes(Json const* own, Json const* resource) : own_(own), resource_(resource) {}

    // Numbers as text, too: exporters differ. "" when none of the names is there.
    std::string text(std::initializer_list<std::string_view> names) const;
    // A whole number, whatever it was written as; nothing for anything else, or below zero.
    std::optional<std::int64_t> count(std::initializer_list<std::string_view> names) const;
    // The same, but 0 when none of the names is there.
    std::optional<std::int64_t> count_if_said(std::initializer_list<std::string_view> names) const;
    // Decimal money in millionths, rounded; the one place where a program's floating point becomes whole.
    std::optional<std::int64_t> millionths(std::string_view name) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }

private:
    Json const* find(std::string_view name) const;

    Json const* own_;
    Json const* resource_;
};

// A member that is an array, or an empty one.
Json const& otlp_list(Json const& object, std::string_view name);
Json const* otlp_member(Json const& object, std::string_view name);

// "1764000000000000000" or the number; 0 is no time.
std::optional<Time> otlp_time(Json const& object, std::string_view name);
// From 0 to what a double counts exactly.
std::optional<std::int64_t> otlp_whole(Json const& value);
// Of two such numbers; no more than the most of one.
std::int64_t otlp_sum(std::int64_t a, std::int64_t b);
std::optional<std::int64_t> otlp_millionths(Json const& value);

// Every record below resource and scope: `groups` "resourceLogs", `scopes` "scopeLogs", `records`
// "logRecords".
struct OtlpPath {
    std::string_view groups;
    std::string_view scopes;
    std::string_view records;
};
using OtlpVisit = std::function<void(Json const& record, Json const* resource, std::string const& scope)>;
void otlp_each(Json const& body, OtlpPath path, OtlpVisit const& visit);

// The program that sends: by the attribute service.name, else the name of the scope.
std::string otlp_client(OtlpAttributes const& attributes, std::string const& scope);

}  // namespace fleet::ops
