#include "cli/screen/style.hpp"

#include <fmt/format.h>

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

struct Letter {
    std::size_t bytes = 0;
    unsigned code = 0;
};

// Letters beyond ASCII that a terminal may obey, or that turn the order of what is read: C1 controls, marks
// and overrides of direction, line separators.
Letter steering(std::string_view text) {
    auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    if (at(0) == 0xC2U && at(1) >= 0x80U && at(1) < 0xA0U) return {2, at(1)};
    if (at(0) != 0xE2U || (at(1) != 0x80U && at(1) != 0x81U)) return {};
    unsigned code = 0x2000U | ((at(1) & 0x3FU) << 6U) | (at(2) & 0x3FU);
    bool steers = code == 0x200EU || code == 0x200FU || (code >= 0x2028U && code <= 0x202EU) ||
                  (code >= 0x2066U && code <= 0x2069U);
    if (steers) return {3, code};
    return {};
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
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto byte = static_cast<unsigned char>(text[i]);
        if (text[i] == '\n' || text[i] == '\t') {
            out += ' ';
        } else if (byte < 0x20U || byte == 0x7FU) {
            out += fmt::format("\\x{:02x}", byte);
        } else if (auto letter = steering(text.substr(i)); letter.bytes > 0) {
            out += fmt::format("\\u{:04x}", letter.code);
            i += letter.bytes - 1;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::vector<std::string> barred(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        auto end = text.find('\n');
        auto line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back("  │ " + printable(line));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

std::size_t columns_of(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 100;
}

}  // namespace fleet::cli
