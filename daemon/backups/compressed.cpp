#include "backups/compressed.hpp"

#include "services/failure.hpp"

#include <zstd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace fleet::backups {
namespace {

constexpr int level = 6;  // a tenth of the bytes at some 100 MB/s a core

Error damaged(std::filesystem::path const& file, std::string const& why) {
    return make_error(ErrorCode::backup_damaged, file.string() + " cannot be read: " + why);
}

}  // namespace

struct CompressedWriter::State {
    std::filesystem::path file;
    int descriptor = -1;
    std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), ZSTD_freeCCtx};
    std::vector<char> buffer = std::vector<char>(ZSTD_CStreamOutSize());

    State() = default;
    State(State const&) = delete;
    State& operator=(State const&) = delete;
    ~State() {
        if (descriptor >= 0) ::close(descriptor);
    }
};

Result<std::shared_ptr<CompressedWriter>> CompressedWriter::make(std::filesystem::path const& file) {
    auto state = std::make_unique<State>();
    state->file = file;
    state->descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (state->descriptor < 0) return services::system_failure("cannot write " + file.string(), errno);
    ZSTD_CCtx_setParameter(state->context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(state->context.get(), ZSTD_c_checksumFlag, 1);
    return std::shared_ptr<CompressedWriter>(new CompressedWriter(std::move(state)));
}

CompressedWriter::CompressedWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
CompressedWriter::~CompressedWriter() = default;

Result<void> CompressedWriter::push(std::string_view text, bool is_last) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    auto const mode = is_last ? ZSTD_e_end : ZSTD_e_continue;
    while (true) {
        ZSTD_outBuffer out{state_->buffer.data(), state_->buffer.size(), 0};
        auto const left = ZSTD_compressStream2(state_->context.get(), &out, &in, mode);
        if (ZSTD_isError(left) != 0) return make_error(ErrorCode::internal, ZSTD_getErrorName(left));
        std::size_t written = 0;
        while (written < out.pos) {
            auto const n = ::write(state_->descriptor, state_->buffer.data() + written, out.pos - written);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return services::system_failure("cannot write " + state_->file.string(), errno);
            written += static_cast<std::size_t>(n);
        }
        if (is_last ? left == 0 : in.pos == in.size) return {};
    }
}

Result<void> CompressedWriter::write(std::string_view text) {
    return push(text, false);
}

Result<void> CompressedWriter::finish() {
    return push({}, true);
}

struct CompressedReader::State {
    std::filesystem::path file;
    std::ifstream stream;
    std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(), ZSTD_freeDCtx};
    std::vector<char> input = std::vector<char>(ZSTD_DStreamInSize());
    std::vector<char> output = std::vector<char>(ZSTD_DStreamOutSize());
    ZSTD_inBuffer in{nullptr, 0, 0};
    std::string text{};          // read, not yet handed out
    std::size_t frame_left = 1;  // 0 when the frame has ended
};

Result<std::shared_ptr<CompressedReader>> CompressedReader::open(std::filesystem::path const& file) {
    auto state = std::make_unique<State>();
    state->file = file;
    state->stream.open(file, std::ios::binary);
    if (!state->stream) return make_error(ErrorCode::not_found, "there is no " + file.string());
    return std::shared_ptr<CompressedReader>(new CompressedReader(std::move(state)));
}

CompressedReader::CompressedReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
CompressedReader::~CompressedReader() = default;

Result<std::string> CompressedReader::lines(std::size_t bytes) {
    auto& s = *state_;
    bool at_end = false;
    while (s.text.size() < bytes || s.text.find('\n') == std::string::npos) {
        if (s.in.pos == s.in.size) {
            s.stream.read(s.input.data(), static_cast<std::streamsize>(s.input.size()));
            s.in = {s.input.data(), static_cast<std::size_t>(s.stream.gcount()), 0};
            if (s.in.size == 0) {
                at_end = true;
                break;
            }
        }
        ZSTD_outBuffer out{s.output.data(), s.output.size(), 0};
        s.frame_left = ZSTD_decompressStream(s.context.get(), &out, &s.in);
        if (ZSTD_isError(s.frame_left) != 0) return damaged(s.file, ZSTD_getErrorName(s.frame_left));
        s.text.append(s.output.data(), out.pos);
    }
    if (at_end && s.frame_left != 0) return damaged(s.file, "it ends in the middle");
    auto const end = at_end ? s.text.size() : s.text.rfind('\n') + 1;
    auto whole = s.text.substr(0, end);
    s.text.erase(0, end);
    return whole;
}

}  // namespace fleet::backups
