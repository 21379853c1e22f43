#include "cli/money.hpp"

#include "support/catch.hpp"

#include <fleet/error.hpp>

using namespace fleet;
using namespace fleet::cli;

TEST_CASE("money is read by its digits, never through a fraction in binary", "[unit][cli]") {
    CHECK(money_flag("20", "--cost") == 20'000'000);
    CHECK(money_flag("0.25", "--cost") == 250'000);
    CHECK(money_flag("$1.5", "--cost") == 1'500'000);
    CHECK(money_flag("0.1", "--cost") + money_flag("0.2", "--cost") == money_flag("0.3", "--cost"));
    CHECK(money_flag("0.000001", "--cost") == 1);
    CHECK(money_flag("1.2500000000", "--cost") == 1'250'000);
    for (auto const* typed : {"", ".", "1.", ".5", "-1", "1e3", "1,5", "0.0000001", "99999999999999999999"}) {
        CAPTURE(typed);
        CHECK_THROWS_AS(money_flag(typed, "--cost"), ErrorException);
    }
}

TEST_CASE("tokens are read with k and M", "[unit][cli]") {
    CHECK(tokens_flag("250000", "--tokens") == 250'000);
    CHECK(tokens_flag("250k", "--tokens") == 250'000);
    CHECK(tokens_flag("1.5M", "--tokens") == 1'500'000);
    for (auto const* typed : {"k", "1.5", "1.0005k", "many", "-1", "2G"}) {
        CAPTURE(typed);
        CHECK_THROWS_AS(tokens_flag(typed, "--tokens"), ErrorException);
    }
}

TEST_CASE("money is shown rounded for people and whole for spreadsheets", "[unit][cli]") {
    CHECK(money_words(0) == "0.0000 USD");
    CHECK(money_words(4'500) == "0.0045 USD");
    CHECK(money_words(60'750) == "0.0608 USD");
    CHECK(money_words(999'949) == "0.9999 USD");
    CHECK(money_words(999'950) == "1.00 USD");
    CHECK(money_words(1'234'567'890'000) == "1,234,567.89 USD");
    CHECK(money_exact(4'500) == "0.004500");
    CHECK(price_words(1'250'000) == "1.25");
    CHECK(price_words(10'000'000) == "10");
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1'000) == "1,000");
    CHECK(grouped(1'234'567) == "1,234,567");
}
