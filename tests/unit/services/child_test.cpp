#include "services/child.hpp"
#include "services/failure.hpp"

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/run.hpp"

#include <fstream>
#include <sstream>

#include <signal.h>
#include <unistd.h>

using namespace fleet;
using namespace fleet::services;

namespace {

std::filesystem::path fresh_file(std::string const& name) {
    auto path = std::filesystem::temp_directory_path() / (name + "-" + std::to_string(::getpid()));
    std::filesystem::remove(path);
    return path;
}

std::string content(std::filesystem::path const& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

Command shell(std::string script) {
    Command command;
    command.arguments = {"/bin/sh", "-c", std::move(script)};
    return command;
}

}  // namespace

TEST_CASE("a child's exit code is told, and what it printed is in the file", "[services][child]") {
    asio::io_context loop{1};
    auto command = shell("echo said; echo wrong >&2; exit 3");
    command.output = fresh_file("fleet-child");
    auto child = test::must(Child::spawn(loop.get_executor(), command));
    auto const exit = test::run(loop, child.wait(Millis{5'000}));
    REQUIRE(exit);
    CHECK(exit->code == 3);
    CHECK(exit->signal == 0);
    CHECK(content(command.output) == "said\nwrong\n");
    std::filesystem::remove(command.output);
}

TEST_CASE("a child reads what it is given", "[services][child]") {
    asio::io_context loop{1};
    auto command = shell("cat");
    command.input = "create database fleet\n";
    command.output = fresh_file("fleet-child-input");
    auto child = test::must(Child::spawn(loop.get_executor(), command));
    REQUIRE(test::run(loop, child.wait(Millis{5'000})));
    CHECK(content(command.output) == command.input);
    std::filesystem::remove(command.output);
}

TEST_CASE("waiting ends at the limit, and a signal ends the child", "[services][child]") {
    asio::io_context loop{1};
    auto child = test::must(Child::spawn(loop.get_executor(), shell("exec sleep 60")));
    CHECK_FALSE(test::run(loop, child.wait(Millis{20})));
    CHECK_FALSE(child.has_ended());
    child.signal(SIGTERM);
    auto const exit = test::run(loop, child.wait(Millis{5'000}));
    REQUIRE(exit);
    CHECK(exit->signal == SIGTERM);
    CHECK(child.has_ended());
}

TEST_CASE("a child that does not outlive us is gone with its owner", "[services][child]") {
    asio::io_context loop{1};
    pid_t pid = 0;
    {
        auto child = test::must(Child::spawn(loop.get_executor(), shell("exec sleep 60")));
        pid = child.pid();
        CHECK(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a child that outlives us stays, and its end is seen by whoever adopts it", "[services][child]") {
    asio::io_context loop{1};
    auto command = shell("exec sleep 60");
    command.outlives_us = true;
    auto parent = std::make_unique<Child>(test::must(Child::spawn(loop.get_executor(), command)));
    auto adopted = test::must(Child::adopt(loop.get_executor(), parent->pid()));
    auto const pid = parent->pid();
    CHECK_FALSE(adopted.has_ended());
    ::kill(pid, SIGKILL);
    CHECK(test::run(loop, adopted.wait(Millis{5'000})));
    CHECK(test::run(loop, parent->wait(Millis{5'000})));
}

TEST_CASE("a program that is not there says so", "[services][child]") {
    asio::io_context loop{1};
    Command command;
    command.arguments = {"/nonexistent/postgres"};
    CHECK(test::code_of(Child::spawn(loop.get_executor(), command)) == "binaries_missing");
}

TEST_CASE("nobody can adopt a process that is gone", "[services][child]") {
    asio::io_context loop{1};
    CHECK(test::code_of(Child::adopt(loop.get_executor(), 0x3ffffff)) == "not_running");
}

TEST_CASE("a child sees none of the daemon's descriptors", "[services][child]") {
    asio::io_context loop{1};
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);  // without close-on-exec, as libraries may do
    auto command = shell("ls /proc/self/fd | wc -l");
    command.output = fresh_file("fleet-child-fds");
    auto child = test::must(Child::spawn(loop.get_executor(), command));
    REQUIRE(test::run(loop, child.wait(Millis{5'000})));
    // 0, 1, 2, and the folder that `ls` reads.
    CHECK(std::stoi(content(command.output)) == 4);
    std::filesystem::remove(command.output);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("an error of the system becomes the code that says what to do", "[services]") {
    CHECK(system_failure("x", ENOSPC).code == ErrorCode::disk_full);
    CHECK(system_failure("x", EACCES).code == ErrorCode::not_configured);
    CHECK(system_failure("x", EIO).code == ErrorCode::internal);
}
