#pragma once
// Running a program with an input, and taking what it says.
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

struct Ran {
    int status = -1;  // exit status; 128 + signal; -1: it could not be started
    std::string out{};
    std::string err{};

    bool is_good() const { return status == 0; }
};

// No shell is involved. `without`: variables that the child does not get. SIGPIPE has to be ignored, as
// main() does: a child need not read its input.
Ran run_child(std::vector<std::string> const& command, std::string_view input = {},
              std::vector<std::string> const& without = {});

}  // namespace fleet::cli
