#include "cli/setup/files.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t bytes_max = 64U * 1024 * 1024;

Error cannot(fs::path const& path, std::string const& what) {
    auto error = make_error(ErrorCode::not_configured, fmt::format("{} {}", path.string(), what));
    error.hint = "Make it a file that you may read and write, then run this again.";
    return error;
}

bool is_below(fs::path const& path, fs::path const& folder) {
    auto const relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

// Writes beside the file and moves over it; the directory is made durable too.
Result<void> replace(fs::path const& file, std::string const& text, mode_t mode) {
    auto const unfinished = fs::path(fmt::format("{}.fleet-{}", file.string(), ::getpid()));
    int const descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return cannot(file, fmt::format("cannot be written: {}", std::strerror(errno)));
    std::size_t done = 0;
    while (done < text.size()) {
        auto const wrote = ::write(descriptor, text.data() + done, text.size() - done);
        if (wrote <= 0) break;
        done += static_cast<std::size_t>(wrote);
    }
    struct stat old {};
    // A file of another owner stays theirs where we may say so; where we may not, the rights matter more.
    if (::stat(file.c_str(), &old) == 0) [[maybe_unused]]
        auto const given = ::fchown(descriptor, old.st_uid, old.st_gid);
    bool good = done == text.size() && ::fchmod(descriptor, mode) == 0 && ::fsync(descriptor) == 0;
    int const why = errno;
    ::close(descriptor);
    if (good && ::rename(unfinished.c_str(), file.c_str()) == 0) return {};
    int const reason = good ? errno : why;
    ::unlink(unfinished.c_str());
    return cannot(file, fmt::format("cannot be written: {}", std::strerror(reason)));
}

Result<std::vector<fs::path>> make_folders(fs::path const& folder) {
    std::vector<fs::path> made;
    std::error_code error;
    for (auto at = folder; !fs::exists(at, error); at = at.parent_path()) made.insert(made.begin(), at);
    fs::create_directories(folder, error);
    if (error) return cannot(folder, fmt::format("cannot be made: {}", error.message()));
    return made;
}

}  // namespace

std::optional<std::string> content_of(fs::path const& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
}

std::string text_digest(std::string const& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned int length = 0;
    EVP_Digest(text.data(), text.size(), raw.data(), &length, EVP_sha256(), nullptr);
    std::string hex;
    for (unsigned int at = 0; at < length; ++at) hex += fmt::format("{:02x}", raw[at]);
    return hex;
}

Result<ForeignFile> read_foreign(fs::path const& path, fs::path const& fence) {
    std::error_code error;
    ForeignFile file{.path = path, .target = path};
    // The folders that lead there count as well: .claude may itself be a link.
    auto const real_fence = fs::weakly_canonical(fence, error);
    file.target = fs::weakly_canonical(path, error);
    if (error) return cannot(path, fmt::format("cannot be followed: {}", error.message()));
    if (!is_below(file.target, real_fence)) {
        auto refused =
            make_error(ErrorCode::forbidden, fmt::format("{} leads to {}, which is outside {}", path.string(),
                                                         file.target.string(), fence.string()));
        refused.hint =
            "Nothing outside is changed: replace the symbolic link by a file, or edit that file yourself.";
        return refused;
    }
    auto const kind = fs::status(file.target, error).type();
    if (kind == fs::file_type::not_found) {
        if (fs::is_symlink(fs::symlink_status(path, error))) return cannot(path, "is a link to nothing");
        return file;
    }
    if (kind != fs::file_type::regular) return cannot(path, "is not a file");
    if (fs::file_size(file.target, error) > bytes_max) return make_error(ErrorCode::too_large, path.string());
    file.content = content_of(file.target);
    if (!file.content) return cannot(path, fmt::format("cannot be read: {}", std::strerror(errno)));
    return file;
}

Result<std::vector<fs::path>> write_foreign(ForeignFile const& file, std::string const& text) {
    auto made = make_folders(file.target.parent_path());
    if (!made) return made;
    // The client may have written meanwhile: its word is the newer one.
    if (content_of(file.target) != file.content) {
        auto error = make_error(ErrorCode::version_conflict,
                                fmt::format("{} was changed by somebody else just now", file.path.string()));
        error.hint = "Run this again.";
        return error;
    }
    struct stat old {};
    mode_t const mode = ::stat(file.target.c_str(), &old) == 0 ? old.st_mode & 07777U : 0644U;
    if (auto done = replace(file.target, text, mode); !done) return done.error();
    return made;
}

fs::path Originals::copy_of(fs::path const& file) const {
    return root_ / (text_digest(file.string()).substr(0, 16) + ".original");
}

std::optional<Originals::Kept> Originals::of(fs::path const& file) const {
    auto const copy = copy_of(file);
    auto const note = content_of(fs::path(copy).replace_extension(".json"));
    auto const json = parse_json(note.value_or(""));
    if (!json || !json->is_object() || text_or(*json, "file", "") != file.string()) return std::nullopt;
    Kept kept;
    kept.after_digest = text_or(*json, "written_sha256", "");
    kept.version = static_cast<int>(number_or(*json, "setup_version", 0));
    if (json->contains("folders") && json->at("folders").is_array())
        for (auto const& folder : json->at("folders"))
            if (folder.is_string()) kept.folders.emplace_back(folder.get<std::string>());
    if (!flag_or(*json, "existed", false)) return kept;
    kept.before = content_of(copy);
    if (!kept.before || text_digest(*kept.before) != text_or(*json, "original_sha256", ""))
        return std::nullopt;
    return kept;
}

Result<void> Originals::keep(fs::path const& file, Kept const& kept) const {
    if (auto made = make_folders(root_); !made) return made.error();
    std::error_code error;
    fs::permissions(root_, fs::perms::owner_all, error);
    auto const copy = copy_of(file);
    Json folders = Json::array();
    for (auto const& folder : kept.folders) folders.push_back(folder.string());
    Json note{{"file", file.string()},
              {"existed", kept.before.has_value()},
              {"written_sha256", kept.after_digest},
              {"setup_version", kept.version},
              {"folders", std::move(folders)}};
    if (kept.before) {
        note["original_sha256"] = text_digest(*kept.before);
        if (auto done = replace(copy, *kept.before, 0600); !done) return done;
    }
    return replace(fs::path(copy).replace_extension(".json"), json_text(note) + "\n", 0600);
}

void Originals::forget(fs::path const& file) const {
    std::error_code error;
    auto const copy = copy_of(file);
    fs::remove(copy, error);
    fs::remove(fs::path(copy).replace_extension(".json"), error);
    fs::remove(root_, error);  // only when nothing is left in it
}

}  // namespace fleet::cli
