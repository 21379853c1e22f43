#include "net/peer.hpp"

#include <sys/socket.h>

namespace fleet::net {

std::optional<PeerCredentials> peer_credentials(int socket) {
    ucred found{};
    socklen_t size = sizeof found;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) return std::nullopt;
    // The kernel answers "nobody" for TCP instead of an error.
    if (found.uid == static_cast<uid_t>(-1)) return std::nullopt;
    return PeerCredentials{.uid = found.uid, .gid = found.gid, .pid = found.pid};
}

}  // namespace fleet::net
