#include "services/account.hpp"

#include "services/failure.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

std::optional<Account> find_account(std::string const& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return Account{name, entry.pw_uid, entry.pw_gid};
}

bool may_pass(struct stat const& facts, Account const& account) {
    if (facts.st_uid == account.uid) return (facts.st_mode & S_IXUSR) != 0;
    if (facts.st_gid == account.gid) return (facts.st_mode & S_IXGRP) != 0;
    return (facts.st_mode & S_IXOTH) != 0;
}

struct Descriptor {
    int number = -1;
    explicit Descriptor(int given) : number(given) {}
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
};

}  // namespace

Result<std::optional<Account>> server_account(std::string const& wanted) {
    if (::geteuid() != 0) return std::optional<Account>{};
    if (!wanted.empty()) {
        auto account = find_account(wanted);
        if (account && account->uid != 0) return account;
        return failure(
            ErrorCode::not_configured,
            fmt::format("the account '{}' (run_as) does not exist or is root", wanted),
            fmt::format("Make it with `useradd --system {}`, or set run_as to another account.", wanted));
    }
    for (auto const* name : {"fleettools", "postgres", "nobody"})
        if (auto account = find_account(name); account && account->uid != 0) return account;
    return failure(ErrorCode::not_configured,
                   "Postgres does not run as root, and there is no account to run it as",
                   "Make one with `useradd --system fleettools`, or run fleetd as an ordinary user.");
}

std::optional<fs::path> closed_parent(fs::path const& path, Account const& account) {
    fs::path so_far;
    for (auto const& part : path.parent_path()) {
        so_far /= part;
        struct stat facts {};
        if (::stat(so_far.c_str(), &facts) != 0) return std::nullopt;  // not there yet: made by us, open
        if (!may_pass(facts, account)) return so_far;
    }
    return std::nullopt;
}

Result<void> make_directory(fs::path const& path, mode_t mode, std::optional<Account> const& account) {
    std::error_code problem;
    fs::create_directories(path.parent_path(), problem);
    if (problem) return system_failure("cannot make " + path.parent_path().string(), problem.value());
    bool const is_new = ::mkdir(path.c_str(), mode) == 0;
    if (!is_new && errno != EEXIST) return system_failure("cannot make " + path.string(), errno);
    if (is_new && account && ::chown(path.c_str(), account->uid, account->gid) != 0)
        return system_failure("cannot give " + path.string() + " to " + account->name, errno);

    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0) return system_failure("cannot look at " + path.string(), errno);
    if (!S_ISDIR(facts.st_mode))
        return failure(ErrorCode::not_configured, path.string() + " is not a directory", "Move it away.");
    auto const owner = account ? account->uid : ::geteuid();
    if (facts.st_uid != owner)
        return failure(ErrorCode::not_configured,
                       fmt::format("{} belongs to uid {}, it should belong to uid {}", path.string(),
                                   facts.st_uid, owner),
                       fmt::format("`chown -R {} {}`, or choose another data_dir.", owner, path.string()));
    if ((facts.st_mode & 07777U) != mode && ::chmod(path.c_str(), mode) != 0)
        return system_failure("cannot set the mode of " + path.string(), errno);
    return {};
}

Result<void> write_file(fs::path const& path, std::string const& text, mode_t mode,
                        std::optional<Account> const& account) {
    auto const beside = path.string() + ".tmp";
    ::unlink(beside.c_str());
    Descriptor const file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (file.number < 0) return system_failure("cannot write " + beside, errno);
    if (account && ::fchown(file.number, account->uid, account->gid) != 0)
        return system_failure("cannot give " + beside + " to " + account->name, errno);
    std::size_t done = 0;
    while (done < text.size()) {
        auto const n = ::write(file.number, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            auto const number = errno;
            ::unlink(beside.c_str());
            return system_failure("cannot write " + beside, number);
        }
        done += static_cast<std::size_t>(n);
    }
    if (::fsync(file.number) != 0) return system_failure("cannot sync " + beside, errno);
    if (::rename(beside.c_str(), path.c_str()) != 0)
        return system_failure("cannot replace " + path.string(), errno);
    return sync_directory(path.parent_path());
}

Result<std::string> read_file(fs::path const& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return system_failure("cannot read " + path.string(), errno);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<void> sync_directory(fs::path const& directory) {
    Descriptor const file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file.number < 0) return system_failure("cannot open " + directory.string(), errno);
    if (::fsync(file.number) != 0) return system_failure("cannot sync " + directory.string(), errno);
    return {};
}

}  // namespace fleet::services
