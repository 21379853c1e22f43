#include "services/log_file.hpp"

#include "services/failure.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

#include <sys/stat.h>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 65536;
constexpr std::size_t tail_max = 10'000;
constexpr std::size_t line_max = 65536;
constexpr std::chrono::milliseconds look_again{200};

std::string read_at(fs::path const& file, std::uintmax_t from, std::size_t bytes) {
    std::string text(bytes, '\0');
    std::ifstream stream(file, std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(from));
    stream.read(text.data(), static_cast<std::streamsize>(bytes));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
    return text;
}

// Moves whole lines out of `text`; what follows the last line end stays.
std::vector<std::string> take_lines(std::string& text) {
    std::vector<std::string> lines;
    std::size_t start = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    text.erase(0, start);
    if (text.size() > line_max) lines.push_back(std::exchange(text, {}));
    return lines;
}

struct Tail {
    std::vector<std::string> lines;
    std::uintmax_t upto = 0;  // where reading goes on
};

Tail tail_of(fs::path const& file, std::size_t count) {
    Tail tail;
    std::error_code problem;
    auto const size = fs::file_size(file, problem);
    if (problem) return tail;
    auto from = size;
    std::string text;
    while (from > 0 && static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) <= count) {
        auto const step = std::min<std::uintmax_t>(block, from);
        from -= step;
        text = read_at(file, from, static_cast<std::size_t>(step)) + text;
    }
    tail.upto = from + text.size();
    tail.lines = take_lines(text);
    tail.upto -= text.size();
    if (from > 0 && !tail.lines.empty()) tail.lines.erase(tail.lines.begin());  // begins in the middle
    if (tail.lines.size() > count)
        tail.lines.erase(tail.lines.begin(), tail.lines.end() - static_cast<std::ptrdiff_t>(count));
    return tail;
}

ino_t inode_of(fs::path const& file) {
    struct stat facts {};
    return ::stat(file.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

}  // namespace

std::vector<std::string> last_lines(fs::path const& file, std::size_t count) {
    return tail_of(file, std::min(count, tail_max)).lines;
}

std::vector<std::string> lines_after(fs::path const& file, std::uintmax_t offset, std::size_t count) {
    std::error_code problem;
    auto const size = fs::file_size(file, problem);
    if (problem || size <= offset) return {};
    auto const bytes = std::min<std::uintmax_t>(size - offset, block);
    auto text = read_at(file, size - bytes, static_cast<std::size_t>(bytes)) + '\n';
    auto lines = take_lines(text);
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return lines;
}

asio::awaitable<Result<void>> read_log(fs::path file, LogRequest request, LineSink sink) {
    auto inode = inode_of(file);
    auto tail = tail_of(file, std::min(request.tail, tail_max));
    for (auto& line : tail.lines) {
        auto const goes_on = co_await sink(std::move(line));
        if (!goes_on) co_return Result<void>{};
    }
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    auto at = tail.upto;
    std::string rest;
    while (request.follow) {
        timer.expires_after(look_again);
        co_await timer.async_wait(asio::use_awaitable);
        if (request.is_wanted && !request.is_wanted()) break;
        std::error_code problem;
        auto const size = fs::file_size(file, problem);
        if (problem) continue;
        if (auto const now = inode_of(file); now != inode || size < at) {
            inode = now;
            at = 0;
            rest.clear();
        }
        if (size == at) continue;
        auto const added =
            read_at(file, at, static_cast<std::size_t>(std::min<std::uintmax_t>(size - at, block)));
        at += added.size();
        rest += added;
        auto lines = take_lines(rest);
        for (auto& line : lines) {
            auto const goes_on = co_await sink(std::move(line));
            if (!goes_on) co_return Result<void>{};
        }
    }
    co_return Result<void>{};
}

void turn_over(fs::path const& file, std::uintmax_t bytes_max) {
    std::error_code problem;
    auto const size = fs::file_size(file, problem);
    if (problem || size <= bytes_max) return;
    fs::rename(file, file.string() + ".1", problem);
}

}  // namespace fleet::services
