// What `/metrics` says about the process and its parts.
#include "app/app.hpp"

#include <chrono>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace fleet::app {
namespace {

double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double size = 0;
    double resident = 0;
    statm >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    auto const seconds = [](timeval const& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

}  // namespace

void watch_process(observe::Metrics& metrics) {
    metrics.sampled("process_resident_memory_bytes", "Resident memory of fleetd.", resident_bytes);
    metrics.sampled("process_cpu_seconds_total", "Processor time that fleetd has used.", cpu_seconds);
    auto const began =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    metrics.sampled("process_start_time_seconds", "When fleetd was started.", [began] { return began; });
}

void watch_parts(observe::Metrics& metrics, App& app) {
    auto const bus = [&](char const* name, char const* help, auto value) {
        metrics.sampled(name, help, [&app, value] { return static_cast<double>(value(app.bus().health())); });
    };
    bus("fleet_bus_head", "Newest position of the log that was read.", [](auto const& h) { return h.head; });
    bus("fleet_bus_listening", "1 while notifications arrive.",
        [](auto const& h) { return h.listening ? 1 : 0; });
    bus("fleet_bus_subscribers", "Subscriptions.", [](auto const& h) { return h.subscribers; });
    bus("fleet_bus_lagging", "Subscriptions that are fed from the log.",
        [](auto const& h) { return h.lagging; });
    bus("fleet_bus_reads", "Ranges of the log that were read.", [](auto const& h) { return h.reads; });
    bus("fleet_bus_events", "Events that were read.", [](auto const& h) { return h.events; });
    bus("fleet_bus_reconnects", "Times the listener connected anew.",
        [](auto const& h) { return h.reconnects; });
    bus("fleet_notification_queue_usage", "Share of Postgres' notification queue that is in use.",
        [](auto const& h) { return h.queue_usage; });

    auto const appender = [&](char const* name, char const* help, auto value) {
        metrics.sampled(name, help,
                        [&app, value] { return static_cast<double>(value(app.appender().health())); });
    };
    appender("fleet_append_waiting", "Commands that wait for the writer.",
             [](auto const& h) { return h.waiting; });
    appender("fleet_append_waiting_bytes", "Their bytes.", [](auto const& h) { return h.waiting_bytes; });
    appender("fleet_append_calls", "Calls of fleet.act.", [](auto const& h) { return h.calls; });
    appender("fleet_append_requests", "Commands in those calls.", [](auto const& h) { return h.requests; });
    appender("fleet_append_repeated_calls", "Calls that were sent again.",
             [](auto const& h) { return h.repeated_calls; });
    appender("fleet_append_refused_full", "Commands that were refused because the queue was full.",
             [](auto const& h) { return h.refused_full; });
    metrics.sampled("fleet_leads", "1 while this daemon does the leader's work.",
                    [&app] { return app.membership().health().leads ? 1.0 : 0.0; });
}

}  // namespace fleet::app
