// Decides which session has sat on the order lock for too long. Without I/O and without a clock.
#pragma once

#include <fleet/time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet::duties {

struct LockHolder {
    std::int64_t pid = 0;
    std::string began{};                             // start of its transaction, as the database writes it
    std::string application_name{};
    std::string account{};
    std::string state{};
    std::string query{};
};

// A transaction that held the lock whenever it was looked at, for as long as the limit, sits on it. How long
// the transaction had lasted before it took the lock does not count against it.
class OrderLockWatch {
public:
    using Instant = std::chrono::steady_clock::time_point;

    explicit OrderLockWatch(Millis limit) : limit_(limit) {}

    // Those to end. Each is given again the next time if it is still there.
    std::vector<LockHolder> look(std::vector<LockHolder> holders, Instant now);

private:
    struct Seen {
        std::int64_t pid;
        std::string began;
        Instant first;
    };
    Millis limit_;
    std::vector<Seen> seen_{};
};

}  // namespace fleet::duties
