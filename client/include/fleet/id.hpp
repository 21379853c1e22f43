#pragma once
// Ids are TypeIDs (specification 0.3): a prefix, "_", and 26 characters of base32 that hold a UUIDv7, so that
// ids sort by the time they were made.
#include <fleet/result.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fleet {

using Uuid = std::array<std::uint8_t, 16>;

// A fresh id. Thread-safe; ids drawn by one process within one millisecond sort in the order they were drawn.
// `prefix` is one of ours: it is asserted, not checked.
std::string new_id(std::string_view prefix);

// `text` itself when it is a TypeID with exactly this prefix, else `invalid_field`.
Result<std::string> check_id(std::string_view text, std::string_view prefix);

struct TypeId {
    std::string prefix;  // may be empty
    Uuid uuid{};
};
Result<TypeId> parse_type_id(std::string_view text);
std::string type_id_text(TypeId const& id);
std::string type_id_text(std::string_view prefix, Uuid const& uuid);

// A UUIDv7 of this instant and these random bytes (the version and variant bits are set here).
Uuid make_uuid7(std::int64_t unix_ms, std::array<std::uint8_t, 10> random);
std::string uuid_text(Uuid const& uuid);

// "msn_…x7k2pq": what people see and type.
std::string short_id(std::string_view id);

// True when `typed` (a whole id, a start of one, its last characters, or the short form) can mean `id`.
bool id_matches(std::string_view id, std::string_view typed);

// A distinct type per entity: `Id<"rsv">` cannot be passed where `Id<"plt">` is wanted.
struct IdPrefix {
    // Implicit, so that `Id<"rsv">` can be written.
    template <std::size_t N>
    consteval IdPrefix(char const (&text)[N]) : size(N - 1) {
        static_assert(N > 1 && N <= 9);
        for (std::size_t i = 0; i + 1 < N; ++i) chars[i] = text[i];
    }
    constexpr std::string_view view() const { return {chars.data(), size}; }

    std::array<char, 8> chars{};
    std::size_t size;
};

template <IdPrefix prefix>
class Id {
public:
    static Result<Id> parse(std::string_view text) {
        auto checked = check_id(text, prefix.view());
        if (!checked) return checked.error();
        return Id(*std::move(checked));
    }
    static Id draw() { return Id(new_id(prefix.view())); }

    std::string const& str() const noexcept { return text_; }
    friend auto operator<=>(Id const&, Id const&) = default;

private:
    explicit Id(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

using PilotId = Id<"plt">;
using HostId = Id<"host">;
using EventId = Id<"evt">;
using ReservationId = Id<"rsv">;

}  // namespace fleet
