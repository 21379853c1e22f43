#include "observe/log.hpp"

#include "observe/repeats.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace fleet::observe {
namespace {

constexpr std::size_t queue_lines = 1024;

int open_log(std::filesystem::path const& file) {
    return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

constexpr int files_kept = 5;

// Writes whole lines with one write(2) each, so that a crash loses nothing that was written. A full disk
// costs lines, never the process.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    DescriptorSink(int descriptor, std::filesystem::path file, std::uintmax_t bytes_max)
        : descriptor_(descriptor), file_(std::move(file)), bytes_max_(bytes_max) {
        std::error_code problem;
        if (!file_.empty()) bytes_ = std::filesystem::file_size(file_, problem);
    }
    ~DescriptorSink() override {
        if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
    }
    DescriptorSink(DescriptorSink const&) = delete;
    DescriptorSink& operator=(DescriptorSink const&) = delete;

protected:
    void sink_it_(spdlog::details::log_msg const& message) override {
        std::string line(message.payload.data(), message.payload.size());
        line += '\n';
        std::size_t done = 0;
        while (done < line.size()) {
            auto const n = ::write(descriptor_, line.data() + done, line.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return;
            done += static_cast<std::size_t>(n);
        }
        bytes_ += line.size();
        if (!file_.empty() && bytes_ >= bytes_max_) put_aside();
    }
    void flush_() override {}

private:
    void put_aside() {
        std::error_code ignored;
        for (int i = files_kept - 1; i > 0; --i)
            std::filesystem::rename(fmt::format("{}.{}", file_.string(), i),
                                    fmt::format("{}.{}", file_.string(), i + 1), ignored);
        std::filesystem::rename(file_, file_.string() + ".1", ignored);
        auto const fresh = open_log(file_);
        if (fresh < 0) return;
        // Under the old number: stderr of a daemon is a copy of it and stays with the old file.
        ::dup3(fresh, descriptor_, O_CLOEXEC);
        ::close(fresh);
        bytes_ = 0;
    }

    int descriptor_;
    std::filesystem::path file_;  // empty: stderr
    std::uintmax_t bytes_max_;
    std::uintmax_t bytes_ = 0;
};

class CallbackSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit CallbackSink(std::function<void(std::string_view)> to) : to_(std::move(to)) {}

protected:
    void sink_it_(spdlog::details::log_msg const& message) override {
        to_(std::string_view(message.payload.data(), message.payload.size()));
    }
    void flush_() override {}

private:
    std::function<void(std::string_view)> to_;
};

Time now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

}  // namespace

struct Log::Parts {
    LogOptions options;
    std::shared_ptr<spdlog::details::thread_pool> pool;  // empty when lines go to a callback
    std::shared_ptr<spdlog::logger> logger;
    std::mutex mutex;  // of everything below
    Level level;
    Repeats repeats;
    std::size_t dropped_said = 0;

    explicit Parts(LogOptions given)
        : options(std::move(given)), level(options.level), repeats(options.repeat_window) {}

    void put(std::string const& line) { logger->log(spdlog::level::critical, "{}", line); }
    void put_repeats(std::vector<Repeated> const& repeated) {
        for (auto const& one : repeated)
            put(format_line(options.format, now(), Level::info, "the same again",
                            {{"line", one.line}, {"times", one.count}}));
    }
    void put_dropped() {
        if (!pool) return;
        auto const dropped = pool->overrun_counter();
        if (dropped == dropped_said) return;
        put(format_line(options.format, now(), Level::warn, "log lines were dropped, the disk was too slow",
                        {{"lines", dropped - dropped_said}}));
        dropped_said = dropped;
    }
};

Log::Log(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Log::~Log() {
    {
        std::lock_guard const lock(parts_->mutex);
        parts_->put_repeats(parts_->repeats.all());
    }
    parts_->logger.reset();
    parts_->pool.reset();  // joins its thread after the queue is empty
}

Result<std::unique_ptr<Log>> Log::open(LogOptions options) {
    auto parts = std::make_unique<Parts>(std::move(options));
    auto const& wanted = parts->options;
    if (wanted.to) {
        parts->logger = std::make_shared<spdlog::logger>("fleetd", std::make_shared<CallbackSink>(wanted.to));
        return std::unique_ptr<Log>(new Log(std::move(parts)));
    }
    int descriptor = STDERR_FILENO;
    if (!wanted.file.empty()) {
        descriptor = open_log(wanted.file);
        if (descriptor < 0)
            return make_error(
                ErrorCode::invalid_field,
                fmt::format("cannot open the log file {}: {}", wanted.file.string(), std::strerror(errno)));
    }
    parts->pool = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1U);
    auto sink = std::make_shared<DescriptorSink>(descriptor, wanted.file, wanted.file_bytes_max);
    parts->logger = std::make_shared<spdlog::async_logger>("fleetd", std::move(sink), parts->pool,
                                                           spdlog::async_overflow_policy::overrun_oldest);
    return std::unique_ptr<Log>(new Log(std::move(parts)));
}

void Log::write(Level level, std::string_view message, LogFields fields) {
    std::lock_guard const lock(parts_->mutex);
    if (level < parts_->level) return;
    auto const time = now();
    // Without its time a line is the same again or it is not.
    constexpr std::size_t time_and_space = 25;
    auto const said = format_line(LogFormat::text, time, level, message, fields).substr(time_and_space);
    parts_->put_repeats(parts_->repeats.closed(time));
    parts_->put_dropped();
    if (!parts_->repeats.is_new(said, time)) return;
    parts_->put(format_line(parts_->options.format, time, level, message, fields));
}

void Log::error(std::string_view message, Error const& failure) {
    write(Level::error, message, {{"code", text_code(failure)}, {"why", failure.message}});
}

void Log::warning(std::string_view message, Error const& failure) {
    write(Level::warn, message, {{"code", text_code(failure)}, {"why", failure.message}});
}

bool Log::is_on(Level level) const {
    std::lock_guard const lock(parts_->mutex);
    return level >= parts_->level;
}

void Log::set_level(Level level) {
    std::lock_guard const lock(parts_->mutex);
    parts_->level = level;
}

std::filesystem::path const& Log::file() const {
    return parts_->options.file;
}

}  // namespace fleet::observe
