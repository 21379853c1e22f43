#pragma once
// The marked block in AGENTS.md and its kin: everything between the markers is ours, nothing else is.
#include <fleet/result.hpp>

#include <optional>
#include <string>

namespace fleet::cli {

struct TextBlock {
    int version = 0;
    std::string body{};  // between the markers, without the line ends beside them
};

// Errors: not_configured with "name:line" when a marker stands alone or twice.
Result<std::optional<TextBlock>> read_block(std::string const& text, std::string const& name);
// Replaces the block where it stands, or adds it at the end. Errors: as read_block.
Result<std::string> with_block(std::string const& text, std::string const& name, std::string const& body);
Result<std::string> without_block(std::string const& text, std::string const& name);

}  // namespace fleet::cli
