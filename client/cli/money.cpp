#include "cli/money.hpp"

#include "cli/context.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace fleet::cli {
namespace {

constexpr int decimals_max = 6;
constexpr std::int64_t million = 1'000'000;
constexpr std::int64_t thousand = 1'000;
constexpr std::int64_t most = 9'007'199'254'740'991;

bool are_digits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::int64_t> whole(std::string_view text) {
    std::int64_t value = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
        return std::nullopt;
    return value;
}

// A decimal times `unit`, which is a power of ten: digits are moved, nothing is rounded.
std::optional<std::int64_t> scaled(std::string_view text, std::int64_t unit) {
    auto const point = text.find('.');
    std::string digits(text.substr(0, point));
    std::string fraction(point == std::string_view::npos ? std::string_view() : text.substr(point + 1));
    if (digits.empty() || !are_digits(digits) || !are_digits(fraction)) return std::nullopt;
    if (point != std::string_view::npos && fraction.empty()) return std::nullopt;
    for (; unit > 1; unit /= 10) {
        digits += fraction.empty() ? '0' : fraction.front();
        if (!fraction.empty()) fraction.erase(0, 1);
    }
    if (fraction.find_first_not_of('0') != std::string::npos) return std::nullopt;
    return whole(digits);
}

}  // namespace

std::int64_t money_flag(std::string_view typed, std::string_view flag) {
    auto text = typed.starts_with('$') ? typed.substr(1) : typed;
    if (text.ends_with(" USD")) text.remove_suffix(4);
    if (auto const micros = scaled(text, million)) return *micros;
    refuse(ErrorCode::usage, fmt::format("{}: '{}' is no amount of money", flag, typed),
           fmt::format("Write dollars like 20 or 0.25, with up to {} decimals.", decimals_max));
}

std::int64_t tokens_flag(std::string_view typed, std::string_view flag) {
    auto text = typed;
    std::int64_t unit = 1;
    if (text.ends_with('k') || text.ends_with('K')) unit = thousand;
    if (text.ends_with('m') || text.ends_with('M')) unit = million;
    if (unit > 1) text.remove_suffix(1);
    if (auto const tokens = scaled(text, unit)) return *tokens;
    refuse(ErrorCode::usage, fmt::format("{}: '{}' is no number of tokens", flag, typed),
           "Write it like 250000, 250k or 1.5M.");
}

std::string money_exact(std::int64_t micros) {
    return fmt::format("{}.{:06}", micros / million, micros % million);
}

std::string money_words(std::int64_t micros) {
    // Below a dollar two decimals say too little.
    constexpr std::int64_t fine = 100;
    constexpr std::int64_t coarse = 10'000;
    if (micros < million - fine / 2) {
        return fmt::format("0.{:04} USD", (micros + fine / 2) / fine);
    }
    auto const cents = (micros + coarse / 2) / coarse;
    return fmt::format("{}.{:02} USD", grouped(cents / 100), cents % 100);
}

std::string price_words(std::int64_t micros) {
    auto text = money_exact(micros);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string grouped(std::int64_t number) {
    auto digits = std::to_string(number);
    constexpr std::size_t group = 3;
    auto const first = number < 0 ? std::size_t{1} : std::size_t{0};
    for (auto at = digits.size(); at > first + group;) {
        at -= group;
        digits.insert(at, ",");
    }
    return digits;
}

}  // namespace fleet::cli
