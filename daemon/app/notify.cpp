#include "app/notify.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fleet::app {
namespace {

// First byte: the exit code; the rest: what to print.
[[noreturn]] void wait_for_start(int descriptor, pid_t child) {
    std::string said;
    std::array<char, 4096> buffer{};
    while (true) {
        auto const n = ::read(descriptor, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        said.append(buffer.data(), static_cast<std::size_t>(n));
    }
    if (said.empty()) {
        int status = 0;
        ::waitpid(child, &status, 0);
        std::fputs("fleetd: ended while it started; its log says why\n", stderr);
        ::_exit(1);
    }
    auto const text = said.substr(1);
    std::fputs(text.c_str(), stderr);
    ::_exit(static_cast<unsigned char>(said.front()));
}

}  // namespace

void sd_notify(std::string_view state) {
    auto const* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto const size = std::strlen(path);
    if (size >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, path, size);
    if (path[0] == '@') address.sun_path[0] = '\0';  // abstract
    auto const descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return;
    auto const length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<sockaddr const*>(&address), length);
    ::close(descriptor);
}

Starter::Starter(Starter&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Starter& Starter::operator=(Starter&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Starter::~Starter() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void Starter::ready() {
    failed({}, 0);
}

void Starter::failed(std::string const& line, int exit_code) {
    if (descriptor_ < 0) return;
    auto const said = std::string(1, static_cast<char>(exit_code)) + line;
    [[maybe_unused]] auto const written = ::write(descriptor_, said.data(), said.size());
    ::close(std::exchange(descriptor_, -1));
}

Result<Starter> detach() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return make_error(ErrorCode::internal, "cannot make a pipe");
    std::fflush(nullptr);
    auto const child = ::fork();
    if (child < 0)
        return make_error(ErrorCode::internal, std::string("cannot fork: ") + std::strerror(errno));
    if (child > 0) {
        ::close(ends[1]);
        wait_for_start(ends[0], child);
    }
    ::close(ends[0]);
    ::setsid();
    [[maybe_unused]] auto const moved = ::chdir("/");
    auto const nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) {
        ::dup2(nothing, STDIN_FILENO);
        ::close(nothing);
    }
    return Starter(ends[1]);
}

void redirect_output(std::string const& file) {
    auto const* path = file.empty() ? "/dev/null" : file.c_str();
    auto const descriptor = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) return;
    ::dup2(descriptor, STDOUT_FILENO);
    ::dup2(descriptor, STDERR_FILENO);
    ::close(descriptor);
}

}  // namespace fleet::app
