// The end of a log file, and what is added to it.
#pragma once

#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace fleet::services {

namespace asio = boost::asio;

struct LogRequest {
    std::size_t tail = 100;  // lines of the past, at most 10 000
    bool follow = false;
    std::function<bool()> is_wanted{};  // asked while nothing is added; empty: for ever
};

// Takes one line; answers false when it wants no more.
using LineSink = std::function<asio::awaitable<bool>(std::string line)>;

// The last `count` lines, without their ends; reads only the end of the file. Empty when there is no file.
std::vector<std::string> last_lines(std::filesystem::path const& file, std::size_t count);

// The lines that were added after the first `offset` bytes, at most the last `count`.
std::vector<std::string> lines_after(std::filesystem::path const& file, std::uintmax_t offset,
                                     std::size_t count);

// Gives the tail, then, with `follow`, each line as it is added (looked for every 200 ms, which also sees a
// file that was replaced or cut), until the sink has enough or the coroutine is cancelled.
asio::awaitable<Result<void>> read_log(std::filesystem::path file, LogRequest request, LineSink sink);

// Renames `file` to `file`.1 when it is larger than `bytes_max`.
void turn_over(std::filesystem::path const& file, std::uintmax_t bytes_max);

}  // namespace fleet::services
