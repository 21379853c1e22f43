// Text files under zstd, written and read piece by piece.
#pragma once

#include <fleet/result.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace fleet::backups {

// One frame. Used by one thread at a time; every call may block on the disk.
class CompressedWriter {
public:
    // Errors: disk_full, not_configured.
    static Result<std::shared_ptr<CompressedWriter>> make(std::filesystem::path const& file);
    ~CompressedWriter();
    CompressedWriter(CompressedWriter const&) = delete;
    CompressedWriter& operator=(CompressedWriter const&) = delete;

    Result<void> write(std::string_view text);
    // Ends the frame. Nothing may be written afterwards.
    Result<void> finish();

private:
    struct State;
    explicit CompressedWriter(std::unique_ptr<State> state);
    Result<void> push(std::string_view text, bool is_last);
    std::unique_ptr<State> state_;
};

// Errors: not_found, backup_damaged (not a whole zstd file).
class CompressedReader {
public:
    static Result<std::shared_ptr<CompressedReader>> open(std::filesystem::path const& file);
    ~CompressedReader();
    CompressedReader(CompressedReader const&) = delete;
    CompressedReader& operator=(CompressedReader const&) = delete;

    // Whole lines, about `bytes` of them; "" at the end.
    Result<std::string> lines(std::size_t bytes);

private:
    struct State;
    explicit CompressedReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace fleet::backups
