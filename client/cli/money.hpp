#pragma once
// Money and prices as people type and read them; inside they are whole millionths of the currency.
#include <cstdint>
#include <string>
#include <string_view>

namespace fleet::cli {

// "12", "0.25", "$1.5" (up to six decimals) as millionths. Throws `usage` that names the flag.
std::int64_t money_flag(std::string_view typed, std::string_view flag);
// Tokens: "250000", "250k", "1.5M". Throws `usage` that names the flag.
std::int64_t tokens_flag(std::string_view typed, std::string_view flag);

// "12.35 USD"; small amounts with four decimals.
std::string money_words(std::int64_t micros);
// The plain amount with six decimals, for spreadsheets: "0.004500".
std::string money_exact(std::int64_t micros);
// A price of a million tokens: "1.25".
std::string price_words(std::int64_t micros);
// "1,234,567".
std::string grouped(std::int64_t number);

}  // namespace fleet::cli
