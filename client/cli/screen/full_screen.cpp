#include "cli/screen/full_screen.hpp"

#include "cli/screen/style.hpp"

#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdlib>
#include <string_view>

namespace fleet::cli {
namespace {

// The other screen, the cursor hidden; and back.
constexpr std::string_view enter = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J";
constexpr std::string_view leave = "\x1b[?25h\x1b[?1049l";

void write_all(std::string_view text) {
    while (!text.empty()) {
        ssize_t written = ::write(1, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

winsize size_now() {
    winsize size{};
    if (::ioctl(1, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) size.ws_row = 24, size.ws_col = 80;
    return size;
}

}  // namespace

bool FullScreen::is_possible() {
    char const* term = std::getenv("TERM");
    bool able = term != nullptr && std::string_view(term) != "dumb";
    return able && ::isatty(0) == 1 && ::isatty(1) == 1;
}

FullScreen::FullScreen() {
    ::tcgetattr(0, &before_);
    termios keys = before_;
    // Each key at once and unseen; Ctrl-C stays a signal.
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(0, TCSANOW, &keys);
    write_all(enter);
}

FullScreen::~FullScreen() {
    write_all(leave);
    ::tcsetattr(0, TCSANOW, &before_);
}

std::size_t FullScreen::rows() const {
    return size_now().ws_row;
}
std::size_t FullScreen::columns() const {
    return size_now().ws_col;
}

void FullScreen::draw(std::vector<std::string> const& lines) {
    std::size_t height = rows();
    std::size_t width = columns();
    std::string out = "\x1b[H";
    for (std::size_t i = 0; i < lines.size() && i < height; ++i) {
        if (i > 0) out += "\r\n";
        out += cut_to(lines[i], width) + "\x1b[K";
    }
    write_all(out + "\x1b[J");
}

}  // namespace fleet::cli
