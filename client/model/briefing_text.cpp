// Texts of others inside a text of ours, and how much a text costs.
#include "model/code_points.hpp"

#include <fleet/briefing.hpp>

#include <algorithm>
#include <string>

namespace fleet {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

std::int64_t part_of(std::size_t length, std::size_t tokens, std::size_t characters) {
    return static_cast<std::int64_t>((length * tokens + characters - 1) / characters);
}

std::int64_t word_tokens(std::string_view word) {
    if (std::ranges::any_of(word, is_digit)) return part_of(word.size(), 3, 5);
    if (word.size() > 1 && std::ranges::all_of(word, is_upper)) return part_of(word.size(), 1, 3);
    return part_of(word.size(), 1, 5);
}

// What ends a line for some reader or other.
bool breaks_line(char32_t c) {
    return c == U'\n' || c == U'\v' || c == U'\f' || c == U'\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

// Invisible, or changes the direction of what follows: nothing that a colleague would write.
bool is_hidden(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}

}  // namespace

std::int64_t estimated_tokens(std::string_view text) {
    std::int64_t tokens = 0;
    for (std::size_t i = 0; i < text.size();) {
        auto const c = text[i];
        std::size_t end = i + 1;
        if (is_letter(c) || is_digit(c)) {
            while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) ++end;
            tokens += word_tokens(text.substr(i, end - i));
        } else if (c == ' ' || c == '\t') {
            while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
            tokens += end - i > 1 ? 1 : 0;
        } else if (static_cast<unsigned char>(c) >= 0x80) {
            while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
            tokens += std::max<std::int64_t>(static_cast<std::int64_t>(end - i) - 1, 1);
        } else {
            tokens += 1;
        }
        i = end;
    }
    return tokens;
}

std::string quoted_text(std::string_view text, std::size_t max) {
    constexpr std::u32string_view bar = U"  > ";
    auto const points = code_points(text).value_or(U"(not UTF-8)");
    std::u32string out(bar);
    for (std::size_t i = 0; i < points.size(); ++i) {
        char32_t const c = points[i];
        if (i >= max) {
            out += U'…';
            break;
        }
        if (c == U'\r' && i + 1 < points.size() && points[i + 1] == U'\n') continue;
        if (breaks_line(c)) {
            out += U'\n';
            out += bar;
        } else if (c == U'\t') {
            out += U' ';
        } else if (c == U'<') {
            out += U"&lt;";
        } else if (!is_hidden(c)) {
            out += c;
        }
    }
    out += U'\n';
    return utf8(out);
}

std::string inline_text(std::string_view text, std::size_t max) {
    auto const points = code_points(text).value_or(U"(not UTF-8)");
    std::u32string out;
    std::size_t count = 0;
    bool owes_blank = false;
    for (char32_t const c : points) {
        if (c == U' ' || c == U'\t' || breaks_line(c)) {
            owes_blank = !out.empty();
            continue;
        }
        if (is_hidden(c)) continue;
        if (++count > max) {
            out += U'…';
            break;
        }
        if (owes_blank) out += U' ';
        owes_blank = false;
        if (c == U'<')
            out += U"&lt;";
        else if (c == U'`')
            out += U'\'';
        else if (c == U'“' || c == U'”')
            out += U'"';
        else
            out += c;
    }
    return utf8(out);
}

}  // namespace fleet
