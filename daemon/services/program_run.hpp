// A program from start to end, and what it said.
#pragma once

#include "services/child.hpp"
#include "services/log_file.hpp"

#include <functional>

namespace fleet::services {

struct Ran {
    Exit exit;
    std::string output;
    std::string errors;
    bool is_ok() const { return exit.code == 0; }
};

// Errors: those of `Child::spawn`; internal when it does not end within `limit` (it is killed then).
asio::awaitable<Result<Ran>> run_program(asio::any_io_executor executor, Command command, Millis limit);

// Runs until the sink has enough or the program ends, and gives each line of its output and errors alike.
asio::awaitable<Result<Exit>> run_for_lines(asio::any_io_executor executor, Command command, LineSink sink);

}  // namespace fleet::services
