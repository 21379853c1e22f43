#include "cli/guard/hook_files.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace fleet::cli {
namespace {

constexpr std::string_view mark = "\n# fleet-guard ";
constexpr char const* notes = "fleet-guard.state";  // beside the hooks: "since SECONDS", "made-folder"

bool is_there(fs::path const& path) {
    std::error_code error;
    return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

std::string text_of(fs::path const& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// A link is another's, wherever it leads.
bool is_ours(fs::path const& file) {
    std::error_code error;
    if (!fs::is_regular_file(fs::symlink_status(file, error))) return false;
    auto const text = text_of(file).substr(0, 200);
    return text.starts_with("#!/bin/sh\n") && text.find(mark) != std::string::npos;
}

Error failed(fs::path const& file, std::string_view what) {
    Error error = make_error(ErrorCode::internal,
                             fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(errno)));
    error.hint = "See to whom it belongs, and whether the disk is full.";
    return error;
}

Result<void> replace(fs::path const& file, std::string const& text, mode_t mode) {
    std::string fresh = file.string() + ".XXXXXX";
    int const fd = ::mkstemp(fresh.data());
    if (fd < 0) return failed(file, "written");
    bool good = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    good = ::fchmod(fd, mode) == 0 && good;
    good = ::close(fd) == 0 && good;
    if (good && ::rename(fresh.c_str(), file.c_str()) == 0) return {};
    Error error = failed(file, "written");
    ::unlink(fresh.c_str());
    return error;
}

Result<void> move(fs::path const& from, fs::path const& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return failed(from, "renamed");
}

Result<void> take_away(fs::path const& file) {
    if (::unlink(file.c_str()) == 0 || errno == ENOENT) return {};
    return failed(file, "removed");
}

// Two that install at once would each keep the other's hook. The lock is the folder itself: it leaves
// nothing.
class FolderLock {
public:
    explicit FolderLock(fs::path const& folder)
        : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
        }
    }
    ~FolderLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    FolderLock(FolderLock const&) = delete;

private:
    int fd_;
};

struct Notes {
    std::int64_t since = 0;
    bool made_folder = false;
};

Notes read_notes(fs::path const& folder) {
    Notes out;
    std::ifstream in(folder / notes);
    for (std::string word; in >> word;) {
        if (word == "since") in >> out.since;
        if (word == "made-folder") out.made_folder = true;
    }
    return out;
}

bool git_runs(fs::path const& file) {
    struct stat info {};
    return ::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 0111) != 0;
}

// Where a tool that came later has put the guard's hook, which it runs: pre-commit (the framework) runs
// "pre-commit.legacy", others name in their hook what they run. One that was only put aside guards nothing.
fs::path passed_on_to(fs::path const& folder, std::string const& name) {
    std::error_code error;
    if (!git_runs(folder / name)) return {};
    auto const theirs = text_of(folder / name);
    for (auto const& entry : fs::directory_iterator(folder, error)) {
        auto const file = entry.path().filename().string();
        if (!file.starts_with(name + ".") || !is_ours(entry.path())) continue;
        if (file == name + ".legacy" || theirs.find(file) != std::string::npos) return entry.path();
    }
    return {};
}

GitHookFile look_at(fs::path const& folder, std::string const& name, std::string const& wanted) {
    GitHookFile hook{.name = name};
    fs::path const file = folder / name;
    if (is_ours(file)) {
        hook.state = GuardState::on_guard;
        hook.guard = file;
    } else if (auto elsewhere = passed_on_to(folder, name); !elsewhere.empty()) {
        hook.state = GuardState::passed_on;
        hook.guard = elsewhere;
    } else if (is_there(file)) {
        hook.state = GuardState::foreign;
    }
    if (auto kept = folder / (name + ".fleet-kept"); is_there(kept)) hook.kept = kept;
    if (!hook.guard.empty()) {
        struct stat info {};
        bool const runs = ::stat(hook.guard.c_str(), &info) == 0 && (info.st_mode & 0111) == 0111;
        hook.is_current = runs && text_of(hook.guard) == wanted;
    }
    return hook;
}

Error replaced(GitHookFile const& hook, fs::path const& file) {
    Error error =
        make_error(ErrorCode::version_conflict,
                   fmt::format("{} was replaced after the guard came, and {} holds what was there before",
                               file.string(), hook.kept.string()));
    error.hint = fmt::format("Say which of the two is wanted: remove the other one, then install again.");
    return error;
}

Result<std::string> install_one(fs::path const& folder, GitHookFile const& hook, std::string const& wanted) {
    fs::path const file = folder / hook.name;
    fs::path const kept = folder / (hook.name + ".fleet-kept");
    if (!hook.guard.empty()) {
        if (hook.is_current) return std::string("there already");
        if (auto done = replace(hook.guard, wanted, 0755); !done) return done.error();
        return std::string("renewed");
    }
    bool const is_same = !hook.kept.empty() && text_of(hook.kept) == text_of(file);
    if (hook.state == GuardState::foreign && !hook.kept.empty() && !is_same) return replaced(hook, file);
    if (hook.state == GuardState::foreign) {
        if (auto moved = move(file, kept); !moved) return moved.error();
    }
    if (auto done = replace(file, wanted, 0755); !done) {
        if (hook.state == GuardState::foreign) (void)move(kept, file);
        return done.error();
    }
    return std::string(hook.state == GuardState::foreign ? "installed; what was there runs first"
                                                         : "installed");
}

std::string left_alone(GitHookFile const& hook) {
    std::string words = hook.state == GuardState::absent ? "not there" : "not the guard's: left alone";
    if (hook.kept.empty()) return words;
    return words + fmt::format("; {} is what was here before the guard", hook.kept.string());
}

Result<std::string> uninstall_one(GitHookFile const& hook) {
    if (hook.guard.empty()) return left_alone(hook);
    if (hook.kept.empty()) {
        if (auto gone = take_away(hook.guard); !gone) return gone.error();
        return std::string("removed");
    }
    if (auto back = move(hook.kept, hook.guard); !back) return back.error();
    return fmt::format("removed; {} is what it was", hook.guard.filename().string());
}

}  // namespace

bool GuardFiles::is_on_guard() const {
    return std::all_of(hooks.begin(), hooks.end(), [](GitHookFile const& hook) {
        return hook.state == GuardState::on_guard || hook.state == GuardState::passed_on;
    });
}

GuardFiles look_at_hooks(fs::path const& folder, fs::path const& program) {
    GuardFiles out;
    out.folder = folder;
    out.since = read_notes(folder).since;
    for (std::string_view name : guarded_hooks)
        out.hooks.push_back(look_at(folder, std::string(name), hook_script(name, program)));
    return out;
}

Result<std::vector<GuardChange>> install_hooks(fs::path const& folder, fs::path const& program,
                                               std::int64_t now) {
    std::error_code error;
    bool const made = fs::create_directories(folder, error);
    if (error) {
        errno = error.value();
        return failed(folder, "made");
    }
    FolderLock const lock(folder);
    Notes known = read_notes(folder);
    if (known.since == 0) {
        auto text = fmt::format("since {}\n{}", now, made ? "made-folder\n" : "");
        if (auto noted = replace(folder / notes, text, 0644); !noted) return noted.error();
    }
    std::vector<GuardChange> changes;
    for (GitHookFile const& hook : look_at_hooks(folder, program).hooks) {
        auto what = install_one(folder, hook, hook_script(hook.name, program));
        if (!what) return what.error();
        changes.push_back({hook.name, *what});
    }
    return changes;
}

Result<std::vector<GuardChange>> uninstall_hooks(fs::path const& folder) {
    std::vector<GuardChange> changes;
    FolderLock const lock(folder);
    Notes const known = read_notes(folder);
    for (GitHookFile const& hook : look_at_hooks(folder, {}).hooks) {
        auto what = uninstall_one(hook);
        if (!what) return what.error();
        changes.push_back({hook.name, *what});
    }
    if (auto gone = take_away(folder / notes); !gone) return gone.error();
    if (known.made_folder) ::rmdir(folder.c_str());  // stays if somebody else uses it now
    return changes;
}

}  // namespace fleet::cli
