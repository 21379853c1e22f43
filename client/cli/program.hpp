#pragma once
// Running small programs, and where ours are.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fleet::cli {

// What a program printed when it ended well. No shell is involved.
std::optional<std::string> output_of(std::vector<std::string> const& command);

// The program of that name beside this one, else in PATH.
std::optional<std::filesystem::path> find_program(std::string const& name);

}  // namespace fleet::cli
