#pragma once
// A small proxy that stands between two parties and is bad for them on command.
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace fleet::test {

// Listens on a unix socket and passes bytes to another one, in a thread of its own. All functions may be
// called from the test's thread at any time. Ends with its owner.
class Gate {
public:
    // `listen_path` is made; `target_path` must exist when somebody connects.
    Gate(std::string listen_path, std::string target_path);
    ~Gate();
    Gate(Gate const&) = delete;
    Gate& operator=(Gate const&) = delete;

    void pass();                               // as if it were not there; held back bytes go on
    void delay(std::chrono::milliseconds by);  // every block of bytes is that late
    void drop();                               // a black hole: connections stay, nothing moves, new ones hang
    void refuse();                             // new connections are closed at once; old ones pass
    void cut();                                // all connections break now
    void cut_after(std::size_t bytes);         // each breaks once so many more bytes went to the target

    std::size_t connections() const;  // open now
    std::size_t accepted() const;     // ever
    std::size_t bytes_to_target() const;

private:
    class Loop;
    std::unique_ptr<Loop> loop_;
};

// A gate in front of the PostgreSQL server of `dsn`: the same DSN with another host.
class PostgresGate {
public:
    explicit PostgresGate(std::string const& dsn);
    ~PostgresGate();

    std::string const& dsn() const { return dsn_; }
    Gate& operator*() { return *gate_; }
    Gate* operator->() { return gate_.get(); }

private:
    std::string folder_;
    std::string dsn_;
    std::unique_ptr<Gate> gate_;
};

}  // namespace fleet::test
