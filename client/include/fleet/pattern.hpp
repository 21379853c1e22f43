#pragma once
// Which files a reservation covers: the glob algebra. `sql/patterns.sql` is the same algebra inside the
// database, where reservations are decided; a property test holds the two equal.
#include <fleet/result.hpp>

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

inline constexpr std::size_t pattern_bytes_max = 256;
inline constexpr std::size_t pattern_segments_max = 16;
inline constexpr std::size_t patterns_max = 64;  // in one request

// A pattern of project-relative paths. Segments are divided by "/". Inside a segment `*` stands for any run
// of characters, also none, and `?` for one character; the segment `**` stands for any number of whole
// segments, also none. Nothing else is special. It matches whole paths and never the empty one: "src/**"
// matches "src" and all that is below it. A value that exists is well-formed and canonical.
class Pattern {
public:
    // "dir/" is read as "dir/**", and "**/**" as "**". Errors, all `invalid_field` with `field` and the
    // reason: empty, absolute, an empty segment, "." or "..", `[`, `!`, `{` or `\`, `**` as part of a
    // segment, a control character, invalid UTF-8, longer than `pattern_bytes_max` or `pattern_segments_max`.
    // That text is NFC is for the database to say: it has the tables of Unicode.
    static Result<Pattern> parse(std::string_view text, std::string_view field = {});

    std::string const& str() const noexcept { return text_; }
    bool is_literal() const noexcept;

    // All characters before the first wildcard: every path that matches begins with it.
    std::string_view literal_prefix() const noexcept;

    // `path` is one that `check_path` accepted.
    bool matches(std::string_view path) const;

    friend auto operator<=>(Pattern const& a, Pattern const& b) { return a.text_ <=> b.text_; }
    friend bool operator==(Pattern const& a, Pattern const& b) { return a.text_ == b.text_; }

    // Some path matches both: exact and symmetric.
    friend bool overlaps(Pattern const& a, Pattern const& b);
    // A path that both match, made of what stands in them; empty when there is none.
    friend std::optional<std::string> witness(Pattern const& a, Pattern const& b);

private:
    explicit Pattern(std::string text);

    std::string text_;                        // canonical
    std::vector<std::u32string> segments_{};  // tokens: code points, and wildcards beyond the last code point
};

bool overlaps(Pattern const& a, Pattern const& b);
std::optional<std::string> witness(Pattern const& a, Pattern const& b);

}  // namespace fleet
