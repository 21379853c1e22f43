#include "operations/otlp_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace fleet::ops {

namespace {

constexpr double whole_max = 9007199254740991.0;  // what a double counts exactly
constexpr double millionths_in_one = 1e6;
constexpr std::int64_t nanos_in_milli = 1'000'000;

Json const* value_in(Json const* attributes, std::string_view name) {
    if (!attributes || !attributes->is_array()) return nullptr;
    for (Json const& one : *attributes) {
        auto const* const key = otlp_member(one, "key");
        if (!key || !key->is_string() || key->get_ref<std::string const&>() != name) continue;
        auto const* const value = otlp_member(one, "value");
        if (!value || !value->is_object() || value->empty()) return nullptr;
        return &value->front();  // {"stringValue": …}, {"intValue": …}, …
    }
    return nullptr;
}

std::optional<double> decimal(Json const& value) {
    if (value.is_number()) return value.get<double>();
    if (!value.is_string()) return std::nullopt;
    auto const& text = value.get_ref<std::string const&>();
    double number = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

Json const* otlp_member(Json const& object, std::string_view name) {
    if (!object.is_object()) return nullptr;
    auto const found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

Json const& otlp_list(Json const& object, std::string_view name) {
    static Json const none = Json::array();
    auto const* const found = otlp_member(object, name);
    return found && found->is_array() ? *found : none;
}

namespace {

// Any whole number from zero that 64 bits hold, as those of nanoseconds.
std::optional<std::int64_t> long_whole(Json const& value) {
    if (value.is_number_integer()) {
        auto const number = value.get<std::int64_t>();
        return number < 0 ? std::nullopt : std::optional(number);
    }
    if (value.is_string()) {
        auto const& text = value.get_ref<std::string const&>();
        std::int64_t number = 0;
        auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (failed == std::errc() && end == text.data() + text.size() && number >= 0) return number;
    }
    auto const number = decimal(value);
    if (!number || !(*number >= 0) || *number > whole_max || *number != std::floor(*number))
        return std::nullopt;
    return static_cast<std::int64_t>(*number);
}

}  // namespace

std::optional<std::int64_t> otlp_whole(Json const& value) {
    // No program uses more, and a few of these can be added.
    auto const number = long_whole(value);
    return number && *number <= static_cast<std::int64_t>(whole_max) ? number : std::nullopt;
}

std::int64_t otlp_sum(std::int64_t a, std::int64_t b) {
    return std::min(a + b, static_cast<std::int64_t>(whole_max));
}

std::optional<std::int64_t> otlp_millionths(Json const& value) {
    auto const number = decimal(value);
    if (!number || !(*number >= 0) || *number * millionths_in_one > whole_max) return std::nullopt;
    return std::llround(*number * millionths_in_one);
}

std::optional<Time> otlp_time(Json const& object, std::string_view name) {
    auto const* const member = otlp_member(object, name);
    auto const nanos = member ? long_whole(*member) : std::nullopt;
    if (!nanos || *nanos == 0) return std::nullopt;
    return Time(Millis(*nanos / nanos_in_milli));
}

Json const* OtlpAttributes::find(std::string_view name) const {
    auto const* const own = value_in(own_, name);
    return own ? own : value_in(resource_, name);
}

std::string OtlpAttributes::text(std::initializer_list<std::string_view> names) const {
    for (auto const name : names) {
        auto const* const value = find(name);
        if (!value) continue;
        if (value->is_string() && !value->get_ref<std::string const&>().empty())
            return value->get<std::string>();
        if (value->is_number_integer()) return value->dump();
    }
    return {};
}

std::optional<std::int64_t> OtlpAttributes::count(std::initializer_list<std::string_view> names) const {
    for (auto const name : names)
        if (auto const* const value = find(name))
            if (auto const number = otlp_whole(*value)) return number;
    return std::nullopt;
}

std::optional<std::int64_t> OtlpAttributes::count_if_said(
    std::initializer_list<std::string_view> names) const {
    bool const is_said = std::any_of(names.begin(), names.end(), [&](auto name) { return has(name); });
    return is_said ? count(names) : std::optional<std::int64_t>(0);
}

std::optional<std::int64_t> OtlpAttributes::millionths(std::string_view name) const {
    auto const* const value = find(name);
    return value ? otlp_millionths(*value) : std::nullopt;
}

void otlp_each(Json const& body, OtlpPath path, OtlpVisit const& visit) {
    for (Json const& group : otlp_list(body, path.groups)) {
        auto const* const resource = otlp_member(group, "resource");
        auto const* const attributes = resource ? otlp_member(*resource, "attributes") : nullptr;
        for (Json const& scope : otlp_list(group, path.scopes)) {
            auto const* const about = otlp_member(scope, "scope");
            auto const* const name = about ? otlp_member(*about, "name") : nullptr;
            std::string const scope_name =
                name && name->is_string() ? name->get<std::string>() : std::string();
            for (Json const& record : otlp_list(scope, path.records)) visit(record, attributes, scope_name);
        }
    }
}

std::string otlp_client(OtlpAttributes const& attributes, std::string const& scope) {
    auto const service = attributes.text({"service.name"});
    for (std::string_view const name : {std::string_view(service), std::string_view(scope)}) {
        if (name.find("claude_code") != name.npos || name.find("claude-code") != name.npos)
            return "claude-code";
        if (name.find("gemini") != name.npos) return "gemini";
        if (name.starts_with("codex")) return "codex";
    }
    return service.empty() ? "otel" : service;
}

}  // namespace fleet::ops
