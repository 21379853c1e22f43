#pragma once
// Answers for a hook that takes too long, whatever holds it up: a daemon, a disk, a standard input that stays
// open.
#include <fleet/time.hpp>

#include <string>

namespace fleet::cli {

// One at a time in a process. Until it is disarmed, the process writes `answer` to its standard output and
// ends with 0 when the limit is over. The limit counts from the start of the process, as far as that is
// known.
class HookAlarm {
public:
    HookAlarm(Millis limit, std::string answer);
    ~HookAlarm() { disarm(); }
    HookAlarm(HookAlarm const&) = delete;
    HookAlarm& operator=(HookAlarm const&) = delete;

    // Both may be said again when more is known of the hook.
    void set(Millis limit, std::string answer);
    // From here on the caller answers.
    void disarm();
};

}  // namespace fleet::cli
