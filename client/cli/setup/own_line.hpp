#pragma once
// What a file of a project makes a client run: told apart from what anybody may have committed there.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::cli {

// The program of a hook's line, when the line is one that a setup writes; none for any other. `client` is the
// word of `fleet hook`.
std::optional<std::string> program_of_hook(std::string_view line, std::string_view client);

// Whether the word starts this very program, or nothing at all. A relative path may lead anywhere.
bool is_this_program(std::string const& word);

// As a shell finds it; nothing beside this program counts.
std::optional<std::filesystem::path> in_path(std::string const& name);

}  // namespace fleet::cli
