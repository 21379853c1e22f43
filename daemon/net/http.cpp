#include "net/http.hpp"

#include <fleet/json.hpp>

#include <algorithm>

namespace fleet::net {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view without_blanks(std::string_view text) {
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string_view name, std::string_view value) {
    fields_.emplace_back(std::string(name), std::string(without_blanks(value)));
}

void Headers::set(std::string_view name, std::string_view value) {
    std::erase_if(fields_, [&](auto const& field) { return same_name(field.first, name); });
    add(name, value);
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
    for (auto const& [key, value] : fields_)
        if (same_name(key, name)) return value;
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(fields_, [&](auto const& field) { return same_name(field.first, name); }));
}

void Departure::then(std::function<void()> act) {
    act_ = std::move(act);
    if (!act_) return;
    if (auto start = std::exchange(start_, nullptr)) start();
    if (is_gone_) say();
}

void Departure::say() {
    is_gone_ = true;
    if (auto act = std::exchange(act_, nullptr)) act();
}

void Departure::forget() {
    start_ = nullptr;
    act_ = nullptr;
}

HttpResponse problem_response(Error const& error) {
    HttpResponse response;
    response.status = http_status(error);
    response.content_type = "application/problem+json";
    response.body = json_text(problem_from_error(error));
    if (error.retry_after_seconds)
        response.headers.set("Retry-After", std::to_string(*error.retry_after_seconds));
    return response;
}

}  // namespace fleet::net
