#include "pg/line.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fleet::pg {

Line::~Line() {
    if (socket_ >= 0) ::close(socket_);
}

void Line::opened(int socket) {
    std::lock_guard const lock(mutex_);
    if (socket_ >= 0) ::close(socket_);
    socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (is_cut_ && socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

void Line::cut() {
    std::lock_guard const lock(mutex_);
    is_cut_ = true;
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

}  // namespace fleet::pg
