#pragma once
// What a client asks before it edits a file, in its own words, and how it is told no.
#include "cli/setup/clients.hpp"

#include <fleet/json_value.hpp>

#include <filesystem>
#include <string>

namespace fleet::cli {

Json sample_edit(ClientInfo const& client, std::string const& event, std::string const& session,
                 std::filesystem::path const& folder, std::string const& file);

// The reason of a refusal; "" when the answer is none.
std::string refusal_in(Json const& answer);

}  // namespace fleet::cli
