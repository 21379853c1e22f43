// with_database [--empty] COMMAND…: runs a command with a fresh database of the test server, and drops it.
// PGHOST, PGUSER, PGDATABASE and FLEET_TEST_DSN point to it. For tests that are scripts.
#include "support/database.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

void export_place(std::string const& dsn) {
    PQconninfoOption* options = PQconninfoParse(dsn.c_str(), nullptr);
    for (auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        if (std::strcmp(option->keyword, "host") == 0) ::setenv("PGHOST", option->val, 1);
        if (std::strcmp(option->keyword, "user") == 0) ::setenv("PGUSER", option->val, 1);
        if (std::strcmp(option->keyword, "dbname") == 0) ::setenv("PGDATABASE", option->val, 1);
    }
    PQconninfoFree(options);
    ::setenv("FLEET_TEST_DSN", dsn.c_str(), 1);
}

int run_with_database(std::vector<std::string> words) {
    bool const empty = !words.empty() && words.front() == "--empty";
    if (empty) words.erase(words.begin());
    if (words.empty()) {
        std::cerr << "usage: with_database [--empty] COMMAND…\n";
        return 2;
    }
    auto const database = empty ? fleet::test::empty_database() : fleet::test::fresh_database();
    export_place(database.dsn());
    // The shell does the waiting and keeps the terminal; "$@" is the command word for word.
    std::string line = "exec";
    for (auto const& word : words) {
        line += " '";
        for (char const c : word) line += c == '\'' ? std::string{"'\\''"} : std::string{c};
        line += "'";
    }
    int const status = std::system(line.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run_with_database({argv + 1, argv + argc});
    } catch (std::exception const& failure) {
        std::cerr << "with_database: " << failure.what() << "\n";
        return 1;
    }
}
