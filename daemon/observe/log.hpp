// Log lines for a human at 3 a.m.: what happened, to which id, what we do next.
#pragma once

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace fleet::observe {

enum class Level { trace, debug, info, warn, error };
enum class LogFormat { text, json };

// A named value of a line. The views must live until the call that logs them returns.
class LogField {
public:
    LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
    LogField(std::string_view key, char const* value) : key_(key), value_(std::string_view(value)) {}
    LogField(std::string_view key, std::string const& value) : key_(key), value_(std::string_view(value)) {}
    LogField(std::string_view key, bool value) : key_(key), value_(value) {}
    LogField(std::string_view key, double value) : key_(key), value_(value) {}
    LogField(std::string_view key, Millis value) : key_(key), value_(std::int64_t{value.count()}) {}
    template <std::integral T>
    LogField(std::string_view key, T value) : key_(key), value_(static_cast<std::int64_t>(value)) {}

    using Value = std::variant<std::string_view, std::int64_t, double, bool>;
    std::string_view key() const { return key_; }
    Value const& value() const { return value_; }

private:
    std::string_view key_;
    Value value_;
};

using LogFields = std::initializer_list<LogField>;

struct LogOptions {
    Level level = Level::info;
    LogFormat format = LogFormat::text;
    std::filesystem::path file{};                // created 0600, appended to; empty: stderr
    std::uintmax_t file_bytes_max = 10 << 20;    // then it becomes .1, .1 becomes .2, … and .5 goes
    Millis repeat_window{10'000};                // a line said again within it is counted, not written
    std::function<void(std::string_view)> to{};  // instead of a file, on the caller's thread: for tests
};

// Writes one line per occurrence, as text or JSON; the same line again within `repeat_window` is counted and
// the count is written once. A field whose name says that it is a secret (password, token, dsn, …) shows
// `set`. May be called from any thread and never waits for the disk: a thread of its own writes; when 1024
// lines wait, the oldest are dropped and the number is logged. Everything accepted is written before the
// destructor ends.
class Log {
public:
    // Errors: invalid_field when the file cannot be opened.
    static Result<std::unique_ptr<Log>> open(LogOptions options);
    ~Log();
    Log(Log const&) = delete;
    Log& operator=(Log const&) = delete;

    void debug(std::string_view message, LogFields fields = {}) { write(Level::debug, message, fields); }
    void info(std::string_view message, LogFields fields = {}) { write(Level::info, message, fields); }
    void warning(std::string_view message, LogFields fields = {}) { write(Level::warn, message, fields); }
    void error(std::string_view message, LogFields fields = {}) { write(Level::error, message, fields); }
    // With the code and the message of `failure` as fields.
    void error(std::string_view message, Error const& failure);
    void warning(std::string_view message, Error const& failure);

    void write(Level level, std::string_view message, LogFields fields);
    bool is_on(Level level) const;
    void set_level(Level level);
    std::filesystem::path const& file() const;

private:
    struct Parts;
    explicit Log(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

// "trace", "debug", "info", "warn", "error". Errors: invalid_field.
Result<Level> parse_level(std::string_view text);
Result<LogFormat> parse_log_format(std::string_view text);

// One line without its end. Pure, so that it can be tested.
std::string format_line(LogFormat format, Time time, Level level, std::string_view message, LogFields fields);

}  // namespace fleet::observe
