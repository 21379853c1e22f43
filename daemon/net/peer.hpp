// Who is at the other end of a connection, as the kernel knows it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace fleet::net {

struct PeerCredentials {
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
};

struct Peer {
    // Of a unix socket; empty for TCP, where the kernel knows nothing.
    std::optional<PeerCredentials> credentials{};
    std::string address{};                   // "unix" or "127.0.0.1:40212", for the log
};

// Empty when `socket` is not a unix socket.
std::optional<PeerCredentials> peer_credentials(int socket);

}  // namespace fleet::net
