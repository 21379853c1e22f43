// What Podman's words mean for us.
#pragma once

#include <fleet/result.hpp>

#include <string>
#include <string_view>

namespace fleet::services {

enum class Trouble {
    none,     // words that are not known
    port,     // somebody listens there
    name,     // another container or volume has it
    image,    // not in the store
    network,  // this account may not make one
    ids,      // this account has no subordinate ids
    runtime,  // the OCI runtime may not do what it has to
    disk
};
Trouble trouble_of(std::string_view words);

struct PodmanContext {
    std::string container;
    std::string image;
    int port = 0;
};
// One clear line with the next step, instead of Podman's own.
Error podman_error(Error const& said, PodmanContext const& about);

}  // namespace fleet::services
