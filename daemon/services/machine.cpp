#include "services/machine.hpp"

#include "services/failure.hpp"

#include <cerrno>
#include <fstream>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace fleet::services {
namespace {

// Binds as Postgres does. The port bound, or nothing.
std::optional<int> bind_loopback(int port) {
    auto const descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return std::nullopt;
    int const yes = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::optional<int> bound;
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(descriptor, plain, size) == 0 && ::listen(descriptor, 1) == 0 &&
        ::getsockname(descriptor, plain, &size) == 0)
        bound = ntohs(address.sin_port);
    ::close(descriptor);
    return bound;
}

}  // namespace

bool port_is_free(int port) {
    return bind_loopback(port).has_value();
}

Result<int> free_port() {
    if (auto port = bind_loopback(0)) return *port;
    return system_failure("no free port on 127.0.0.1", errno);
}

Result<std::uint64_t> free_bytes(std::filesystem::path const& path) {
    auto existing = path;
    std::error_code problem;
    while (!std::filesystem::exists(existing, problem) && existing.has_relative_path())
        existing = existing.parent_path();
    struct statvfs facts {};
    if (::statvfs(existing.c_str(), &facts) != 0)
        return system_failure("cannot look at " + existing.string(), errno);
    return std::uint64_t{facts.f_bavail} * facts.f_frsize;
}

bool socket_path_fits(std::filesystem::path const& directory) {
    return (directory / ".s.PGSQL.65535").string().size() <= socket_path_max;
}

Result<std::optional<FileLock>> FileLock::try_take(std::filesystem::path const& path) {
    auto const descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return system_failure("cannot open " + path.string(), errno);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        auto const number = errno;
        ::close(descriptor);
        if (number == EWOULDBLOCK) return std::optional<FileLock>{};
        return system_failure("cannot lock " + path.string(), number);
    }
    auto const text = std::to_string(::getpid()) + "\n";
    [[maybe_unused]] auto const cut = ::ftruncate(descriptor, 0);
    [[maybe_unused]] auto const written = ::pwrite(descriptor, text.data(), text.size(), 0);
    return std::optional<FileLock>(FileLock(descriptor));
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
    if (descriptor_ < 0) return;
    [[maybe_unused]] auto const cut = ::ftruncate(descriptor_, 0);
    ::close(descriptor_);
}

int lock_holder(std::filesystem::path const& path) {
    int pid = 0;
    std::ifstream(path) >> pid;
    return pid;
}

}  // namespace fleet::services
