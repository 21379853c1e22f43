// What models used, budgets, prices.
#include "cli/money.hpp"
#include "cli/screen/sentences.hpp"

#include <fmt/format.h>

namespace fleet::cli {
namespace {

std::string whose(Event const& event, Teller const& teller) {
    auto const scope = event.data.find("scope");
    if (scope == event.data.end()) return "something";
    auto const kind = text(*scope, "kind");
    auto const id = text(*scope, "id");
    auto const name = kind == "project" ? text_or(*scope, "project", event.project)
                      : kind == "mission" ? teller.name_of(id)
                                          : id;
    return fmt::format("{} {}{}", kind, name, text(*scope, "period") == "day" ? " a day" : "");
}

// "1,000 tokens and 20.00 USD", of what was used or of the limits.
std::string amounts(Json const& data, std::string_view tokens, std::string_view micros) {
    std::string words;
    if (data.contains("limit_tokens")) words = grouped(number_or(data, tokens, 0)) + " tokens";
    if (data.contains("limit_micros"))
        words += (words.empty() ? "" : " and ") + money_words(number_or(data, micros, 0));
    return words;
}

}  // namespace

Sentence usage_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    if (event.type == "usage_recorded") {
        auto const given = number_or(data, "input_tokens", 0) + number_or(data, "cache_read_tokens", 0) +
                           number_or(data, "cache_write_tokens", 0);
        auto const cost = data.contains("cost_micros")
                              ? ", " + money_words(number_or(data, "cost_micros", 0))
                              : std::string();
        return {Ink::dim, "¤",
                fmt::format("{} gave {} {} tokens and had {} back{}", text(data, "pilot"),
                            text(data, "model"), grouped(given),
                            grouped(number_or(data, "output_tokens", 0)), cost)};
    }
    if (event.type == "budget_set")
        return {Ink::blue, "~",
                fmt::format("set the budget of {} to {}{}", whose(event, teller),
                            amounts(data, "limit_tokens", "limit_micros"), when(text(data, "reason"), ": "))};
    if (event.type == "budget_removed")
        return {Ink::blue, "-",
                fmt::format("removed the budget of {}{}", whose(event, teller),
                            when(text(data, "reason"), ": "))};
    if (event.type == "budget_warned" || event.type == "budget_stopped") {
        bool const is_over = event.type == "budget_stopped";
        return {is_over ? Ink::red : Ink::yellow, is_over ? "■" : "!",
                fmt::format("{} the budget of {}: {} of {} used", is_over ? "stopped by" : "warned of",
                            whose(event, teller), amounts(data, "used_tokens", "used_micros"),
                            amounts(data, "limit_tokens", "limit_micros"))};
    }
    if (event.type == "price_set")
        return {Ink::blue, "~",
                fmt::format("priced {} from {}: {} in, {} out for a million tokens", text(data, "model"),
                            text(data, "valid_from"), price_words(number_or(data, "input_micros", 0)),
                            price_words(number_or(data, "output_micros", 0)))};
    if (event.type == "price_removed")
        return {Ink::blue, "-",
                fmt::format("removed the price of {} from {}", text(data, "model"),
                            text(data, "valid_from"))};
    return plain_sentence(event);
}

}  // namespace fleet::cli
