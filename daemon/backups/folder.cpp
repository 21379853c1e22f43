#include "backups/folder.hpp"

#include "services/account.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view mark = ".unfinished-";

// Whoever works on a temporary directory holds a lock on it, which goes with the process however that ends.
int lock_directory(fs::path const& path) {
    auto const descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
    if (descriptor >= 0) ::close(descriptor);
    return -1;
}

void remove_leftovers(fs::path const& parent) {
    std::error_code problem;
    for (auto const& entry : fs::directory_iterator(parent, problem)) {
        auto const name = entry.path().filename().string();
        if (!name.starts_with('.') || name.find(mark) == std::string::npos) continue;
        auto const lock = lock_directory(entry.path());
        if (lock < 0) continue;
        fs::remove_all(entry.path(), problem);
        ::close(lock);
    }
}

Result<void> flush(fs::path const& path, int flags) {
    auto const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
    if (descriptor < 0) return services::system_failure("cannot open " + path.string(), errno);
    auto const failed = ::fsync(descriptor) != 0;
    auto const number = errno;
    ::close(descriptor);
    if (failed) return services::system_failure("cannot flush " + path.string(), number);
    return {};
}

Error taken(fs::path const& path) {
    return services::failure(ErrorCode::already_exists, path.string() + " is there already",
                             "Give another path, or none to have a name chosen.");
}

}  // namespace

Result<Unfinished> Unfinished::make(fs::path final_path) {
    std::error_code problem;
    auto const parent = final_path.parent_path();
    if (fs::exists(fs::symlink_status(final_path, problem))) return taken(final_path);
    if (!fs::exists(parent, problem)) {
        fs::create_directories(parent, problem);
        if (problem) return services::system_failure("cannot make " + parent.string(), problem.value());
        ::chmod(parent.c_str(), 0700);
    }
    remove_leftovers(parent);
    auto path = parent / fmt::format(".{}{}{}", final_path.filename().string(), mark, ::getpid());
    fs::remove_all(path, problem);
    if (::mkdir(path.c_str(), 0700) != 0)
        return services::system_failure("cannot make " + path.string(), errno);
    auto const lock = lock_directory(path);
    if (lock < 0) return services::system_failure("cannot lock " + path.string(), errno);
    return Unfinished(std::move(path), std::move(final_path), lock);
}

Unfinished::Unfinished(Unfinished&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      final_path_(std::move(other.final_path_)),
      lock_(std::exchange(other.lock_, -1)) {}

Unfinished::~Unfinished() {
    std::error_code problem;
    if (!path_.empty()) fs::remove_all(path_, problem);
    if (lock_ >= 0) ::close(lock_);
}

Result<void> Unfinished::appear() {
    std::error_code problem;
    for (auto const& entry : fs::recursive_directory_iterator(path_, problem)) {
        auto const is_directory = entry.is_directory(problem);
        ::chmod(entry.path().c_str(), is_directory ? 0700 : 0600);
        if (auto flushed = flush(entry.path(), is_directory ? O_DIRECTORY : 0); !flushed) return flushed;
    }
    if (problem) return services::system_failure("cannot read " + path_.string(), problem.value());
    if (auto flushed = flush(path_, O_DIRECTORY); !flushed) return flushed;
    // Never over something that came meanwhile.
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, final_path_.c_str(), RENAME_NOREPLACE) != 0) {
        if (errno == EEXIST) return taken(final_path_);
        return services::system_failure("cannot make " + final_path_.string(), errno);
    }
    path_.clear();
    return services::sync_directory(final_path_.parent_path());
}

Json Listed::to_json() const {
    auto json = manifest.to_json();
    json.erase("files");
    json["path"] = path.string();
    json["bytes"] = bytes;
    return json;
}

std::vector<Listed> list_backups(fs::path const& folder) {
    std::vector<Listed> all;
    std::error_code problem;
    for (auto const& entry : fs::directory_iterator(folder, problem)) {
        if (entry.path().filename().string().starts_with('.') || !entry.is_directory(problem)) continue;
        auto manifest = read_manifest(entry.path());
        if (!manifest) continue;
        Listed one{entry.path(), *std::move(manifest), 0};
        for (auto const& file : one.manifest.files) one.bytes += file.bytes;
        all.push_back(std::move(one));
    }
    std::sort(all.begin(), all.end(), [](Listed const& a, Listed const& b) {
        return std::pair(a.manifest.made_at, a.path) > std::pair(b.manifest.made_at, b.path);
    });
    return all;
}

std::string backup_name(Time at, std::string_view kind, std::int64_t seq) {
    std::string stamp;
    for (char c : time_text(at).substr(0, 19))
        if (c != ':') stamp += c;
    return fmt::format("{}Z-{}-{}", stamp, kind, seq);
}

std::vector<fs::path> to_drop(std::vector<Listed> const& all, Keep keep) {
    std::vector<fs::path> gone;
    std::set<std::string> days;
    std::size_t counted = 0;
    for (auto const& one : all) {
        if (one.manifest.made_by != "schedule") continue;
        if (counted++ < keep.last) continue;
        auto const day = one.manifest.made_at.substr(0, 10);
        auto const is_first = !days.contains(day);
        if (is_first && static_cast<int>(days.size()) < keep.days) {
            days.insert(day);
            continue;
        }
        gone.push_back(one.path);
    }
    return gone;
}

}  // namespace fleet::backups
