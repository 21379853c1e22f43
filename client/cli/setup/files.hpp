#pragma once
// Files of other programs: read without surprise, written in one step, and what stood in them first is kept.
#include <fleet/result.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fleet::cli {

struct ForeignFile {
    std::filesystem::path path{};          // as the client names it
    std::filesystem::path target{};        // behind symbolic links
    std::optional<std::string> content{};  // none when there is no file
};

// Errors: forbidden when a symbolic link leads out of `fence`, not_configured when it cannot be read or is no
// file, too_large.
Result<ForeignFile> read_foreign(std::filesystem::path const& path, std::filesystem::path const& fence);

// Whole before and after; rights and owner stay. Makes missing folders and names them. Refused when the file
// is no longer what was read. Errors: not_configured, version_conflict.
Result<std::vector<std::filesystem::path>> write_foreign(ForeignFile const& file, std::string const& text);

// What a file was before the first setup touched it. Kept in the state directory of the account, one pair of
// files each, readable by the account alone.
class Originals {
public:
    struct Kept {
        std::optional<std::string> before{};           // none: there was no file
        std::string after_digest{};                    // of what setup wrote last
        std::vector<std::filesystem::path> folders{};  // that setup made for it
        int version = 0;                               // setup_version of then
    };

    explicit Originals(std::filesystem::path state) : root_(std::move(state) / "setup") {}

    std::optional<Kept> of(std::filesystem::path const& file) const;
    // Errors: not_configured.
    Result<void> keep(std::filesystem::path const& file, Kept const& kept) const;
    void forget(std::filesystem::path const& file) const;
    std::filesystem::path copy_of(std::filesystem::path const& file) const;

private:
    std::filesystem::path root_;
};

// SHA-256 in hex.
std::string text_digest(std::string const& text);

// None when there is no file that can be read.
std::optional<std::string> content_of(std::filesystem::path const& path);

}  // namespace fleet::cli
