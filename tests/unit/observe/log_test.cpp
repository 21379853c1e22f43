#include "observe/log.hpp"
#include "observe/repeats.hpp"

#include "support/catch.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

using namespace fleet;
using namespace fleet::observe;

namespace {

Time const noon = *parse_time("2026-07-28T12:00:00.125Z");

std::filesystem::path fresh_file() {
    static int count = 0;
    auto path = std::filesystem::temp_directory_path() /
                ("fleet-log-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::remove(path);
    return path;
}

std::vector<std::string> lines_of(std::filesystem::path const& file) {
    std::vector<std::string> lines;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

struct Heard {
    std::vector<std::string> lines;
    std::unique_ptr<Log> log;

    explicit Heard(Millis window = Millis{10'000}) {
        LogOptions options;
        options.level = Level::debug;
        options.repeat_window = window;
        options.to = [this](std::string_view line) { lines.emplace_back(line); };
        log = *Log::open(std::move(options));
    }
};

}  // namespace

TEST_CASE("a text line reads as time, level, message and fields", "[observe][log]") {
    auto const line = format_line(LogFormat::text, noon, Level::warn, "the database is away",
                                  {{"host", "db 1"}, {"tries", 3}, {"ok", false}, {"pause", Millis{200}}});
    CHECK(line ==
          "2026-07-28T12:00:00.125Z warn  the database is away host=\"db 1\" tries=3 ok=false pause=200");
}

TEST_CASE("a JSON line is one object with its fields in order", "[observe][log]") {
    auto const line = format_line(LogFormat::json, noon, Level::info, "started", {{"pid", 7}, {"took", 1.5}});
    CHECK(line ==
          R"({"time":"2026-07-28T12:00:00.125Z","level":"info","message":"started","pid":7,"took":1.5})");
}

TEST_CASE("a field that names a secret shows only that it is set", "[observe][log]") {
    for (auto format : {LogFormat::text, LogFormat::json}) {
        auto const line =
            format_line(format, noon, Level::info, "connected", {{"dsn", "postgres://u:hunter2@h/d"}});
        CHECK(line.find("hunter2") == std::string::npos);
        CHECK(line.find("set") != std::string::npos);
    }
}

TEST_CASE("a value with a line end cannot make a second line", "[observe][log]") {
    auto const line =
        format_line(LogFormat::text, noon, Level::info, "a\nb", {{"name", "x\n2026 error forged"}});
    CHECK(line.find('\n') == std::string::npos);
    auto const json = format_line(LogFormat::json, noon, Level::info, "a\nb", {{"bad", "\xff"}});
    CHECK(json.find('\n') == std::string::npos);
}

TEST_CASE("levels and formats are read by name, others are refused", "[observe][log]") {
    CHECK(*parse_level("warn") == Level::warn);
    CHECK(*parse_log_format("json") == LogFormat::json);
    CHECK(test::code_of(parse_level("loud")) == "invalid_field");
    CHECK(test::code_of(parse_log_format("xml")) == "invalid_field");
}

TEST_CASE("a line said again within the window is counted, not written", "[observe][log]") {
    Repeats repeats(Millis{100});
    CHECK(repeats.is_new("gone", noon));
    CHECK_FALSE(repeats.is_new("gone", noon + Millis{50}));
    CHECK_FALSE(repeats.is_new("gone", noon + Millis{99}));
    CHECK(repeats.is_new("other", noon + Millis{99}));
    CHECK(repeats.closed(noon + Millis{99}).empty());

    auto const closed = repeats.closed(noon + Millis{100});
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].line == "gone");
    CHECK(closed[0].count == 2);
    CHECK(repeats.closed(noon + Millis{5'000}).empty());
    CHECK(repeats.is_new("gone", noon + Millis{5'001}));
}

TEST_CASE("the table of repeated lines has an end", "[observe][log]") {
    Repeats repeats(Millis{1'000}, 2);
    CHECK(repeats.is_new("a", noon));
    CHECK(repeats.is_new("b", noon));
    CHECK(repeats.is_new("c", noon));
    CHECK(repeats.is_new("a", noon));  // was forgotten
    CHECK_FALSE(repeats.is_new("c", noon));
    CHECK(repeats.all().size() == 1);
}

TEST_CASE("a log counts what it heard again and says so at its end", "[observe][log]") {
    Heard heard;
    for (int i = 0; i < 4; ++i) heard.log->info("the disk is slow");
    heard.log->info("another line");
    heard.log.reset();
    REQUIRE(heard.lines.size() == 3);
    CHECK(heard.lines[2].find("times=3") != std::string::npos);
}

TEST_CASE("lines below the level are not written", "[observe][log]") {
    Heard heard;
    heard.log->set_level(Level::error);
    heard.log->warning("quiet");
    heard.log->error("loud", make_error(ErrorCode::disk_full));
    REQUIRE(heard.lines.size() == 1);
    CHECK(heard.lines[0].find("code=disk_full") != std::string::npos);
    CHECK_FALSE(heard.log->is_on(Level::info));
}

TEST_CASE("everything accepted is in the file when the log has ended", "[observe][log]") {
    auto const file = fresh_file();
    {
        LogOptions options;
        options.file = file;
        auto log = *Log::open(std::move(options));
        for (int i = 0; i < 500; ++i) log->info("line", {{"number", i}});
    }
    auto const lines = lines_of(file);
    REQUIRE(lines.size() == 500);
    CHECK(lines.back().find("number=499") != std::string::npos);
    CHECK(std::filesystem::status(file).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    std::filesystem::remove(file);
}

TEST_CASE("a file that has grown is put aside, and five are kept", "[observe][log]") {
    auto const file = fresh_file();
    {
        LogOptions options;
        options.file = file;
        options.file_bytes_max = 1'000;
        auto log = *Log::open(std::move(options));
        for (int i = 0; i < 200; ++i) log->info("a line that fills the file", {{"number", i}});
    }
    CHECK(std::filesystem::exists(file.string() + ".1"));
    CHECK(std::filesystem::exists(file.string() + ".5"));
    CHECK_FALSE(std::filesystem::exists(file.string() + ".6"));
    CHECK(std::filesystem::file_size(file.string() + ".1") < 1'200);
    std::filesystem::remove(file);
    for (int i = 1; i <= 5; ++i) std::filesystem::remove(file.string() + "." + std::to_string(i));
}

TEST_CASE("a file that cannot be opened is an error, not a silence", "[observe][log]") {
    LogOptions options;
    options.file = "/nonexistent/folder/fleetd.log";
    CHECK(test::code_of(Log::open(std::move(options))) == "invalid_field");
}
