#include "cli/hook_alarm.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <ctime>

#include <sys/time.h>
#include <unistd.h>

namespace fleet::cli {
namespace {

// What the handler may touch: nothing is allocated in it, and nothing moves while it may run.
std::string late_answer;
char const* late_text = "";
std::size_t late_size = 0;

extern "C" void answer_late(int) {
    // Short of a pipe's size: it is taken as a whole or not at all.
    [[maybe_unused]] auto const written = ::write(STDOUT_FILENO, late_text, late_size);
    ::_exit(0);
}

// The processor's time stands for how long ago the process began: it has waited for nothing before.
Millis already_used() {
    timespec used{};
    if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return Millis(0);
    return Millis(used.tv_sec * 1'000 + used.tv_nsec / 1'000'000);
}

void start_timer(Millis limit) {
    auto const left = limit.count() <= 0 ? 0 : std::max<std::int64_t>(1, limit.count());
    itimerval timer{};
    timer.it_value.tv_sec = left / 1'000;
    timer.it_value.tv_usec = left % 1'000 * 1'000;
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

HookAlarm::HookAlarm(Millis limit, std::string answer) {
    struct sigaction action {};
    action.sa_handler = answer_late;
    ::sigaction(SIGALRM, &action, nullptr);
    set(limit, std::move(answer));
}

void HookAlarm::set(Millis limit, std::string answer) {
    start_timer(Millis(0));
    late_answer = std::move(answer);
    late_text = late_answer.data();
    late_size = late_answer.size();
    // Ending the process takes a moment, too.
    constexpr Millis leaving{15};
    start_timer(std::max(Millis(1), limit - already_used() - leaving));
}

void HookAlarm::disarm() {
    start_timer(Millis(0));
}

}  // namespace fleet::cli
