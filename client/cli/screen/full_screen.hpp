#pragma once
// The whole terminal, given back as it was.
#include <termios.h>
#include <cstddef>
#include <string>
#include <vector>

namespace fleet::cli {

// Takes the terminal on construction and gives it back on destruction. One at a time.
class FullScreen {
public:
    FullScreen();
    ~FullScreen();
    FullScreen(FullScreen const&) = delete;

    static bool is_possible();

    std::size_t rows() const;
    std::size_t columns() const;
    // Draws from the top; lines are cut, what is not covered becomes empty.
    void draw(std::vector<std::string> const& lines);

private:
    termios before_{};
};

}  // namespace fleet::cli
