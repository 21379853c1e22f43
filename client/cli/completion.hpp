#pragma once
// Shell completion, made from the commands themselves.
#include <CLI/CLI.hpp>

#include <string>

namespace fleet::cli {

std::string bash_completion(CLI::App const& root);
std::string zsh_completion(CLI::App const& root);
std::string fish_completion(CLI::App const& root);

}  // namespace fleet::cli
