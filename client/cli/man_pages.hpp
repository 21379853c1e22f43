#pragma once
// Manual pages, made from the commands and from the table of settings.
#include <CLI/CLI.hpp>

#include <string>

namespace fleet::cli {

std::string fleet_page(CLI::App const& root);  // fleet.1
std::string fleetd_page();                     // fleetd.8
std::string settings_page();                   // fleet.toml.5

}  // namespace fleet::cli
