#include "model/code_points.hpp"

#include <cstddef>

namespace fleet {
namespace {

struct Lead {
    std::size_t length;  // bytes of the whole character
    char32_t bits;       // payload of the first byte
    char32_t least;      // anything below has a shorter form
};

std::optional<Lead> lead_of(unsigned char byte) {
    if (byte < 0x80) return Lead{1, byte, 0};
    if ((byte & 0xE0U) == 0xC0) return Lead{2, byte & 0x1FU, 0x80};
    if ((byte & 0xF0U) == 0xE0) return Lead{3, byte & 0x0FU, 0x800};
    if ((byte & 0xF8U) == 0xF0) return Lead{4, byte & 0x07U, 0x10000};
    return std::nullopt;
}

}  // namespace

std::optional<std::u32string> code_points(std::string_view text) {
    std::u32string points;
    points.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        auto const lead = lead_of(static_cast<unsigned char>(text[at]));
        if (!lead || at + lead->length > text.size()) return std::nullopt;
        char32_t point = lead->bits;
        for (std::size_t k = 1; k < lead->length; ++k) {
            auto const byte = static_cast<unsigned char>(text[at + k]);
            if ((byte & 0xC0U) != 0x80) return std::nullopt;
            point = (point << 6U) | (byte & 0x3FU);
        }
        bool const surrogate = point >= 0xD800 && point <= 0xDFFF;
        if (point < lead->least || surrogate || point > 0x10FFFF) return std::nullopt;
        points.push_back(point);
        at += lead->length;
    }
    return points;
}

std::string utf8(std::u32string_view text) {
    std::string bytes;
    auto const put = [&bytes](char32_t value) { bytes.push_back(static_cast<char>(value)); };
    for (char32_t const point : text) {
        if (point < 0x80) {
            put(point);
        } else if (point < 0x800) {
            put(0xC0U | (point >> 6U));
            put(0x80U | (point & 0x3FU));
        } else if (point < 0x10000) {
            put(0xE0U | (point >> 12U));
            put(0x80U | ((point >> 6U) & 0x3FU));
            put(0x80U | (point & 0x3FU));
        } else {
            put(0xF0U | (point >> 18U));
            put(0x80U | ((point >> 12U) & 0x3FU));
            put(0x80U | ((point >> 6U) & 0x3FU));
            put(0x80U | (point & 0x3FU));
        }
    }
    return bytes;
}

}  // namespace fleet
