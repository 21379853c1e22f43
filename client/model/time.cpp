#include <fleet/assert.hpp>
#include <fleet/time.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace fleet {
namespace {

// A hundred years: longer leases and waits are mistakes, and sums of a few stay far from overflow.
constexpr Millis duration_max = std::chrono::hours{24 * 36'525};

Error bad_time() {
    return make_error(ErrorCode::invalid_field, "must be a time like 2026-01-31T12:00:00.000Z");
}

Error bad_duration() {
    return make_error(
        ErrorCode::invalid_field,
        "must be a duration up to 100 years, in seconds or like 90s, 15m, 2h, 1d, 250ms, 1h30m");
}

// Walks over a text piece by piece; every failure is remembered, so that one check at the end is enough.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    int digits(std::size_t count) {
        int value = 0;
        if (rest_.size() < count) return fail();
        for (char const c : rest_.substr(0, count)) {
            if (c < '0' || c > '9') return fail();
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(count);
        return value;
    }

    bool take(std::string_view any_of) {
        if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
        last_ = rest_.front();
        rest_.remove_prefix(1);
        return true;
    }

    void expect(std::string_view any_of) {
        if (!take(any_of)) fail();
    }

    bool digit_follows() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
    char last() const { return last_; }
    bool good() const { return good_; }
    bool at_end() const { return rest_.empty(); }
    int fail() {
        good_ = false;
        return 0;
    }

private:
    std::string_view rest_;
    char last_ = '\0';
    bool good_ = true;
};

int fraction_ms(Scanner& scan) {
    int ms = 0;
    int count = 0;
    for (; scan.digit_follows() && count < 9; ++count) {
        auto const digit = scan.digits(1);
        if (count < 3) ms = ms * 10 + digit;
    }
    if (count == 0) return scan.fail();
    for (; count < 3; ++count) ms *= 10;
    return ms;
}

std::chrono::minutes offset(Scanner& scan) {
    if (scan.take("Zz")) return std::chrono::minutes{0};
    scan.expect("+-");
    auto const sign = scan.last() == '-' ? -1 : 1;
    auto const hours = scan.digits(2);
    scan.expect(":");
    auto const minutes = scan.digits(2);
    if (hours > 23 || minutes > 59) scan.fail();
    return std::chrono::minutes{sign * (hours * 60 + minutes)};
}

}  // namespace

std::string time_text(Time time) {
    auto const day = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss<Millis> const clock{time - day};
    auto const year = static_cast<int>(date.year());
    FLEET_ASSERT(year >= 0 && year <= 9999, "RFC 3339 has years of four digits");
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year,
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

Result<Time> parse_time(std::string_view text) {
    Scanner scan(text);
    auto const year = scan.digits(4);
    scan.expect("-");
    auto const month = scan.digits(2);
    scan.expect("-");
    auto const day = scan.digits(2);
    scan.expect("Tt ");
    auto const hour = scan.digits(2);
    scan.expect(":");
    auto const minute = scan.digits(2);
    scan.expect(":");
    auto const second = scan.digits(2);
    auto const ms = scan.take(".") ? fraction_ms(scan) : 0;
    auto const shift = offset(scan);
    std::chrono::year_month_day const date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!scan.good() || !scan.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 59)
        return bad_time();
    Time const time = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                      std::chrono::seconds{second} + Millis{ms} - shift;
    // An offset can push the first and the last day out of four digits.
    auto const utc_year =
        static_cast<int>(std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(time)}.year());
    if (utc_year < 0 || utc_year > 9999) return bad_time();
    return time;
}

namespace {

std::optional<double> unit_ms(std::string_view unit) {
    if (unit == "ms") return 1;
    if (unit == "s" || unit.empty()) return 1'000;
    if (unit == "m" || unit == "min") return 60'000;
    if (unit == "h") return 3'600'000;
    if (unit == "d") return 86'400'000;
    return std::nullopt;
}

Result<Millis> millis_of(double ms) {
    if (!std::isfinite(ms) || ms < 0 || ms > static_cast<double>(duration_max.count())) return bad_duration();
    return Millis{std::llround(ms)};
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
    double total = 0;
    bool any = false;
    double smallest = std::numeric_limits<double>::infinity();
    while (!text.empty()) {
        auto const number_size = std::min(text.find_first_not_of("0123456789."), text.size());
        double value = 0;
        auto const [end, problem] = std::from_chars(text.data(), text.data() + number_size, value);
        if (number_size == 0 || problem != std::errc{} || end != text.data() + number_size)
            return bad_duration();
        text.remove_prefix(number_size);
        auto const unit_size = std::min(text.find_first_of("0123456789."), text.size());
        auto const unit = unit_ms(text.substr(0, unit_size));
        text.remove_prefix(unit_size);
        // Units go from large to small, each once; a bare number stands alone.
        if (!unit || *unit >= smallest || (unit_size == 0 && any)) return bad_duration();
        smallest = *unit;
        total += value * *unit;
        any = true;
    }
    if (!any) return bad_duration();
    return millis_of(total);
}

Result<Millis> duration_from_json(Json const& value) {
    if (value.is_number()) return millis_of(value.get<double>() * 1'000);
    if (value.is_string()) return parse_duration(value.get_ref<std::string const&>());
    return bad_duration();
}

namespace {

struct Unit {
    std::int64_t ms;
    char const* name;
};
constexpr std::array<Unit, 4> units{{{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};

}  // namespace

std::string duration_text(Millis duration) {
    auto rest = duration.count();
    std::string text;
    for (auto const& unit : units) {
        if (rest < unit.ms) continue;
        text += fmt::format("{}{}", rest / unit.ms, unit.name);
        rest %= unit.ms;
    }
    if (rest > 0) text += fmt::format("{}ms", rest);
    return text.empty() ? "0s" : text;
}

std::string duration_words(Millis duration) {
    if (duration.count() < 0) return "-" + duration_words(-duration);
    auto rest = (duration.count() + 999) / 1'000 * 1'000;
    std::string text;
    int used = 0;
    for (auto const& unit : units) {
        if (rest < unit.ms || used == 2) {
            // "1d 5m" would hide that hours were looked at: two units are always neighbours.
            if (used == 1) break;
            continue;
        }
        text += fmt::format("{}{}{}", used == 0 ? "" : " ", rest / unit.ms, unit.name);
        rest %= unit.ms;
        ++used;
    }
    return text.empty() ? "0s" : text;
}

}  // namespace fleet
