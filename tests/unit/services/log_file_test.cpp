#include "services/log_file.hpp"

#include "support/catch.hpp"
#include "support/run.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fstream>

#include <unistd.h>

using namespace fleet;
using namespace fleet::services;

namespace {

struct LogAt {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("fleet-tail-" + std::to_string(::getpid()) + ".log");
    LogAt() { std::filesystem::remove(path); }
    ~LogAt() {
        std::filesystem::remove(path);
        std::filesystem::remove(path.string() + ".1");
    }
    LogAt(LogAt const&) = delete;
    LogAt& operator=(LogAt const&) = delete;
    void add(std::string const& text) const { std::ofstream(path, std::ios::app) << text; }
};

}  // namespace

TEST_CASE("the last lines of a file are its last lines", "[services][log_file]") {
    LogAt log;
    CHECK(last_lines(log.path, 5).empty());
    for (int i = 1; i <= 20'000; ++i) log.add("line " + std::to_string(i) + "\n");
    auto const lines = last_lines(log.path, 3);
    REQUIRE(lines.size() == 3);
    CHECK(lines.front() == "line 19998");
    CHECK(lines.back() == "line 20000");
    CHECK(last_lines(log.path, 0).empty());
    CHECK(last_lines(log.path, 9'000).size() == 9'000);
}

TEST_CASE("what was added after a place is found, and nothing before it", "[services][log_file]") {
    LogAt log;
    log.add("old: Address already in use\n");
    auto const offset = std::filesystem::file_size(log.path);
    CHECK(lines_after(log.path, offset, 10).empty());
    log.add("new one\nnew two");
    CHECK(lines_after(log.path, offset, 10) == std::vector<std::string>{"new one", "new two"});
    CHECK(lines_after(log.path, offset, 1) == std::vector<std::string>{"new two"});
}

TEST_CASE("following gives the tail, then each line once, over a file that is replaced",
          "[services][log_file]") {
    LogAt log;
    log.add("one\ntwo\n");
    std::vector<std::string> seen;
    LineSink const sink = [&](std::string line) -> asio::awaitable<bool> {
        seen.push_back(line);
        if (line == "two") log.add("three\nfo");
        if (line == "three") {
            log.add("ur\n");
        }
        if (line == "four") {
            turn_over(log.path, 1);
            log.add("five\n");
        }
        co_return line != "five";
    };
    LogRequest const request{1, true, {}};
    test::must(test::run(read_log(log.path, request, sink), std::chrono::seconds{10}));
    CHECK(seen == std::vector<std::string>{"two", "three", "four", "five"});
}

TEST_CASE("following ends when nobody wants it any more", "[services][log_file]") {
    LogAt log;
    log.add("one\n");
    LineSink const sink = [](std::string) -> asio::awaitable<bool> { co_return true; };
    LogRequest request{1, true, {}};
    request.is_wanted = [] { return false; };
    test::must(test::run(read_log(log.path, request, sink)));
}

TEST_CASE("a small file is not turned over", "[services][log_file]") {
    LogAt log;
    log.add("one\n");
    turn_over(log.path, 100);
    CHECK(std::filesystem::exists(log.path));
    turn_over(log.path, 2);
    CHECK_FALSE(std::filesystem::exists(log.path));
}
