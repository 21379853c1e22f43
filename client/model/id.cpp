#include <fleet/assert.hpp>
#include <fleet/id.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <random>

namespace fleet {
namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t suffix_size = 26;

constexpr std::array<std::int8_t, 256> make_digits() {
    std::array<std::int8_t, 256> digits{};
    digits.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return digits;
}
constexpr auto digit_of = make_digits();

bool is_prefix(std::string_view text) {
    auto const is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    if (text.empty()) return true;
    return text.size() <= 63 && is_letter(text.front()) && is_letter(text.back()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return is_letter(c) || c == '_'; });
}

// 26 digits of 5 bits are 130 bits: the two on top are zero, so the first digit is at most 7.
std::string encode(Uuid const& uuid) {
    std::string text(suffix_size, '0');
    unsigned buffer = 0;
    unsigned bits = 2;  // the two zeros in front
    std::size_t at = 0;
    for (auto const byte : uuid) {
        buffer = (buffer << 8U) | byte;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            text[at++] = alphabet[(buffer >> bits) & 31U];
        }
        buffer &= (1U << bits) - 1;
    }
    FLEET_ASSERT(at == suffix_size && bits == 0, "130 bits are 26 digits");
    return text;
}

bool decode(std::string_view text, Uuid& uuid) {
    if (text.size() != suffix_size || text.front() > '7') return false;
    unsigned buffer = 0;
    unsigned bits = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const digit = digit_of[static_cast<unsigned char>(text[i])];
        if (digit < 0) return false;
        buffer = (buffer << 5U) | static_cast<unsigned>(digit);
        bits += i == 0 ? 3U : 5U;
        if (bits >= 8) {
            bits -= 8;
            uuid[at++] = static_cast<std::uint8_t>(buffer >> bits);
            buffer &= (1U << bits) - 1;
        }
    }
    return at == uuid.size();
}

Error bad_id(std::string message) {
    return make_error(ErrorCode::invalid_field, std::move(message));
}

}  // namespace

std::string type_id_text(std::string_view prefix, Uuid const& uuid) {
    FLEET_ASSERT(is_prefix(prefix), "a prefix is lower-case letters, and _ between them");
    std::string text(prefix);
    if (!prefix.empty()) text += '_';
    return text + encode(uuid);
}

std::string type_id_text(TypeId const& id) {
    return type_id_text(id.prefix, id.uuid);
}

Result<TypeId> parse_type_id(std::string_view text) {
    TypeId id;
    // The last underscore divides: a prefix may have some of its own.
    if (auto const border = text.rfind('_'); border != std::string_view::npos) {
        if (border == 0) return bad_id("an id without prefix has no underscore");
        id.prefix = text.substr(0, border);
        text.remove_prefix(border + 1);
    }
    if (!is_prefix(id.prefix))
        return bad_id("the prefix of an id is up to 63 lower-case letters, and _ between them");
    if (!decode(text, id.uuid))
        return bad_id("an id ends with 26 characters of " + std::string(alphabet) + ", 0 to 7 first");
    return id;
}

Result<std::string> check_id(std::string_view text, std::string_view prefix) {
    auto const parsed = parse_type_id(text);
    if (!parsed) return parsed.error();
    if (parsed->prefix != prefix)
        return bad_id("must be an id that begins with " + std::string(prefix) + "_");
    return std::string(text);
}

Uuid make_uuid7(std::int64_t unix_ms, std::array<std::uint8_t, 10> random) {
    FLEET_ASSERT(unix_ms >= 0 && unix_ms < (std::int64_t{1} << 48),
                 "48 bits hold the milliseconds of a UUIDv7");
    Uuid uuid{};
    auto const ms = static_cast<std::uint64_t>(unix_ms);
    for (unsigned i = 0; i < 6; ++i) uuid[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    std::copy(random.begin(), random.end(), uuid.begin() + 6);
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0FU) | 0x70U);
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3FU) | 0x80U);
    return uuid;
}

std::string uuid_text(Uuid const& uuid) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += hex[uuid[i] >> 4U];
        text += hex[uuid[i] & 15U];
    }
    return text;
}

namespace {

std::array<std::uint8_t, 10> random_bytes() {
    // The system's source, not a generator seeded from it: `tok_` ids are secrets.
    thread_local std::random_device source;
    std::array<std::uint8_t, 10> bytes{};
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i % 4 == 0) word = source();
        bytes[i] = static_cast<std::uint8_t>(word >> (8 * (i % 4)));
    }
    return bytes;
}

// The millisecond and a 12-bit count within it; the other 62 bits stay random, so ids cannot be guessed from
// their neighbours.
struct Moment {
    std::int64_t ms;
    unsigned count;
};

Moment next_moment(std::int64_t now, unsigned start) {
    static std::mutex mutex;
    static Moment last{.ms = 0, .count = 0};
    std::lock_guard const lock(mutex);
    if (now > last.ms)
        last = {.ms = now, .count = start};
    else if (last.count < 0x0FFF)
        ++last.count;
    else
        last = {.ms = last.ms + 1, .count = start};
    return last;
}

}  // namespace

std::string new_id(std::string_view prefix) {
    auto const now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    auto bytes = random_bytes();
    // The count begins in the lower half, so that there is room above it.
    auto const start = ((unsigned{bytes[0]} << 8U) | bytes[1]) & 0x07FFU;
    auto const moment = next_moment(now.time_since_epoch().count(), start);
    bytes[0] = static_cast<std::uint8_t>(moment.count >> 8U);
    bytes[1] = static_cast<std::uint8_t>(moment.count & 0xFFU);
    return type_id_text(prefix, make_uuid7(moment.ms, bytes));
}

std::string short_id(std::string_view id) {
    auto const border = id.rfind('_');
    if (border == std::string_view::npos || id.size() - border <= 7) return std::string(id);
    return std::string(id.substr(0, border + 1)) + "…" + std::string(id.substr(id.size() - 6));
}

bool id_matches(std::string_view id, std::string_view typed) {
    if (typed.empty()) return false;
    for (std::string_view const gap : {"…", "..."}) {
        if (auto const at = typed.find(gap); at != std::string_view::npos)
            return id.starts_with(typed.substr(0, at)) && id.ends_with(typed.substr(at + gap.size()));
    }
    return id.starts_with(typed) || id.ends_with(typed);
}

}  // namespace fleet
