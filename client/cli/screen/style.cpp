#include "cli/screen/style.hpp"

#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdlib>

namespace fleet::cli {
namespace {

std::string_view code(Ink ink) {
    switch (ink) {
        case Ink::plain: return "";
        case Ink::bold: return "\x1b[1m";
        case Ink::dim: return "\x1b[2m";
        case Ink::red: return "\x1b[31m";
        case Ink::green: return "\x1b[32m";
        case Ink::yellow: return "\x1b[33m";
        case Ink::blue: return "\x1b[34m";
        case Ink::magenta: return "\x1b[35m";
        case Ink::cyan: return "\x1b[36m";
    }
    return "";
}

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

std::string Style::operator()(Ink ink, std::string_view text) const {
    if (!coloured_ || ink == Ink::plain || text.empty()) return std::string(text);
    return std::string(code(ink)) + std::string(text) + "\x1b[0m";
}

bool wants_colour(int fd) {
    char const* none = std::getenv("NO_COLOR");
    char const* term = std::getenv("TERM");
    if (none != nullptr && *none != '\0') return false;
    if (term == nullptr || std::string_view(term) == "dumb") return false;
    return ::isatty(fd) == 1;
}

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    bool escape = false;
    for (char c : text) {
        if (c == '\x1b') escape = true;
        if (!escape && !continues(c)) width += 1;
        if (escape && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) escape = false;
    }
    return width;
}

std::string cut_to(std::string_view text, std::size_t columns) {
    if (width_of(text) <= columns) return std::string(text);
    std::string out;
    std::size_t width = 0;
    bool escape = false;
    bool coloured = false;
    for (char c : text) {
        if (c == '\x1b') escape = coloured = true;
        if (!escape && !continues(c) && ++width >= columns) break;
        out += c;
        if (escape && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) escape = false;
    }
    return out + (coloured ? "…\x1b[0m" : "…");
}

std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '\n' || c == '\t') {
            out += ' ';
        } else if (byte < 0x20U || byte == 0x7FU) {
            out += "\\x";
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        } else {
            out += c;
        }
    }
    return out;
}

std::size_t columns_of(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 100;
}

}  // namespace fleet::cli
