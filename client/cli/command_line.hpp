#pragma once
// argv → a chosen command, or what to say instead.
#include "cli/globals.hpp"
#include "cli/menu.hpp"

#include <fleet/error.hpp>

#include <memory>
#include <string>
#include <variant>

namespace fleet::cli {

struct Said {
    std::string text;
};

class CommandLine {
public:
    CommandLine();
    CommandLine(CommandLine const&) = delete;

    // The command to run; a text to print (help, version); or what is wrong (`usage`).
    std::variant<Run, Said, Error> read(int argc, char const* const* argv);

    Globals const& globals() const { return globals_; }
    CLI::App& root() { return root_; }

private:
    Error explain(std::string const& what);

    Globals globals_{};
    CLI::App root_;
    Menu menu_;
};

std::string_view program_version();

}  // namespace fleet::cli
