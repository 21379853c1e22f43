#pragma once
// The flags that every command has.
#include <string>

namespace fleet::cli {

struct Globals {
    bool json = false;
    bool quiet = false;
    std::string directory{};  // -C
    std::string project{};    // --project
    std::string callsign{};   // --as
    std::string endpoint{};   // --endpoint
};

}  // namespace fleet::cli
