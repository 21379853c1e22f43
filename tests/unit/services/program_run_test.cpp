#include "services/program_run.hpp"

#include "support/catch.hpp"
#include "support/run.hpp"

#include <chrono>

using namespace fleet;
using namespace fleet::services;

namespace {

Command shell(std::string script) {
    Command command;
    command.arguments = {"/bin/sh", "-c", std::move(script)};
    return command;
}

Result<Ran> ran(std::string script, Millis limit = Millis{10'000}) {
    asio::io_context loop{1};
    return test::run(loop, run_program(loop.get_executor(), shell(std::move(script)), limit),
                     std::chrono::seconds{20});
}

}  // namespace

TEST_CASE("what a program says and what it complains about are kept apart", "[services][program]") {
    auto const done = test::must(ran("echo said; echo complained >&2; exit 3"));
    CHECK(done.output == "said\n");
    CHECK(done.errors == "complained\n");
    CHECK(done.exit.code == 3);
    CHECK_FALSE(done.is_ok());
}

TEST_CASE("more than a pipe holds is read", "[services][program]") {
    auto const done = test::must(ran("head -c 1000000 /dev/zero | tr '\\0' x"));
    CHECK(done.output.size() == 1'000'000);
    CHECK(done.is_ok());
}

TEST_CASE("a program that does not end is ended at the limit", "[services][program]") {
    auto const began = std::chrono::steady_clock::now();
    auto const outcome = ran("exec sleep 60", Millis{200});
    CHECK(outcome.error().message.find("did not end") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{5});
}

TEST_CASE("a program gets what it is given to read, and the environment it is given", "[services][program]") {
    asio::io_context loop{1};
    auto command = shell("cat; echo $COLOUR");
    command.input = "hush\n";
    command.environment = {"PATH=/usr/bin:/bin", "COLOUR=green"};
    auto const done =
        test::must(test::run(loop, run_program(loop.get_executor(), std::move(command), Millis{10'000}),
                             std::chrono::seconds{20}));
    CHECK(done.output == "hush\ngreen\n");
}

TEST_CASE("lines come until the reader has enough, and the program ends with it", "[services][program]") {
    asio::io_context loop{1};
    std::vector<std::string> lines;
    LineSink const take = [&lines](std::string line) -> asio::awaitable<bool> {
        lines.push_back(std::move(line));
        co_return lines.size() < 3;
    };
    auto endless = shell("while :; do echo out; echo err >&2; done");
    test::must(test::run(loop, run_for_lines(loop.get_executor(), std::move(endless), take)));
    CHECK(lines == std::vector<std::string>{"out", "err", "out"});
    lines.clear();
    auto short_one = shell("printf 'one\\ntwo'");
    CHECK(test::must(test::run(loop, run_for_lines(loop.get_executor(), std::move(short_one), take))).code ==
          0);
    CHECK(lines == std::vector<std::string>{"one", "two"});
}
