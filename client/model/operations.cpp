#include <fleet/json.hpp>
#include <fleet/operations.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace fleet {

Operation const* find_operation(std::string_view name) {
    auto const all = operations();
    auto const found =
        std::find_if(all.begin(), all.end(), [&](Operation const& known) { return known.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::optional<Error> check_input(Operation const& operation, Json const& input) {
    return check_fields(operation.input, input, "");
}

namespace {

template <class Number>
bool read_number(std::string const& text, Json& value) {
    Number number{};
    auto const* end = text.data() + text.size();
    auto const [stopped, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc{} || stopped != end) return false;
    value = number;
    return true;
}

void give_type(Field const& field, Json& value) {
    auto const text = value.get<std::string>();
    if (field.type == FieldType::integer) read_number<std::int64_t>(text, value);
    if (field.type == FieldType::number) read_number<double>(text, value);
    if (field.type != FieldType::boolean) return;
    // `?follow` alone means yes, as a flag does.
    if (text == "true" || text == "1" || text.empty())
        value = true;
    else if (text == "false" || text == "0")
        value = false;
}

}  // namespace

Json typed_input(Operation const& operation, Json input) {
    for (auto const& field : operation.input) {
        auto const found = input.find(field.name);
        if (found != input.end() && found->is_string()) give_type(field, *found);
    }
    return input;
}

}  // namespace fleet
