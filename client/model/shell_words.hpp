// Words of a shell command. Internal to this room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleet {

struct ShellWord {
    std::string text{};
    bool is_literal = true;    // nothing in it is computed when the command runs
    bool is_operator = false;  // ; && || | & ( ) a line break, or > and < of a redirection
};

// Quotes and backslashes are taken off, comments and here-documents left out, the numbers of redirections and
// what only joins outputs (2>&1) too.
std::vector<ShellWord> shell_words(std::string_view command);

}  // namespace fleet
