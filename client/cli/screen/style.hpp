#pragma once
// Colours, where there is a terminal that wants them.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

enum class Ink { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

class Style {
public:
    explicit Style(bool coloured) : coloured_(coloured) {}
    bool is_coloured() const { return coloured_; }
    std::string operator()(Ink ink, std::string_view text) const;

private:
    bool coloured_;
};

// True when `fd` is a terminal, NO_COLOR is not set and TERM is not "dumb".
bool wants_colour(int fd);

// How many columns of a terminal the text takes: code points, escape sequences not counted.
std::size_t width_of(std::string_view text);
// `text` cut to `columns`, the last one being "…" when something was cut.
std::string cut_to(std::string_view text, std::size_t columns);
// Control characters made visible, so that text of strangers cannot steer the terminal.
std::string printable(std::string_view text);
// The same for a text of several lines, each behind a bar: what a stranger wrote cannot be taken for ours.
std::vector<std::string> barred(std::string_view text);
// Columns of the terminal on `fd`, 100 when there is none.
std::size_t columns_of(int fd);

}  // namespace fleet::cli
