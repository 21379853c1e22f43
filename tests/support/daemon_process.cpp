#include "support/daemon_process.hpp"

#include "support/eventually.hpp"

#include <stdexcept>

namespace fleet::test {

namespace {

std::string tail(std::string const& text) {
    return text.size() <= 4000 ? text : text.substr(text.size() - 4000);
}

}  // namespace

DaemonProcess::DaemonProcess(DaemonOptions options) : options_{std::move(options)} {
    for (char const* name : {"state", "run", "data", "config"}) {
        std::filesystem::create_directory(folder_.path() / name);
        std::filesystem::permissions(folder_.path() / name, std::filesystem::perms::owner_all);
    }
    start();
}

std::map<std::string, std::string> DaemonProcess::environment() const {
    auto const place = [this](char const* name) { return (folder_.path() / name).string(); };
    std::map<std::string, std::string> all{
        {"FLEET_STATE_DIR", place("state")}, {"FLEET_RUNTIME_DIR", place("run")},
        {"FLEET_DATA_DIR", place("data")},   {"XDG_CONFIG_HOME", place("config")},
        {"FLEET_SOCKET", socket()},          {"FLEET_LOG_LEVEL", "debug"},
        {"FLEET_PROVIDER", "native"},
    };
    for (auto const& [name, value] : options_.environment) all[name] = value;
    return all;
}

void DaemonProcess::start() {
    auto environment_now = environment();
    if (!options_.dsn.empty()) {
        environment_now["FLEET_PROVIDER"] = "external";
        environment_now["FLEET_DSN"] = options_.dsn;
    }
    Command command{
        .words = {options_.program.empty() ? FLEET_TEST_FLEETD : options_.program, "--foreground"},
        .environment = std::move(environment_now)};
    command.output = folder_.path() / "log";
    process_ = Process{command};
}

std::string DaemonProcess::socket() const {
    return (folder_.path() / "run" / "fleetd.sock").string();
}

std::string DaemonProcess::log() const {
    return read_text(folder_.path() / "log");
}

bool DaemonProcess::is_ready() {
    try {
        return http_call(socket(), "GET", "/readyz", {}, {}, std::chrono::seconds{2}).status == 200;
    } catch (std::exception const&) {
        return false;
    }
}

void DaemonProcess::wait_ready(std::chrono::milliseconds limit) {
    bool ended = false;
    auto const settled = [&] {
        ended = !process_.running();
        return ended || is_ready();
    };
    if (!eventually(settled, limit)) throw std::runtime_error{"fleetd is not ready; its log: " + tail(log())};
    if (ended) throw std::runtime_error{"fleetd ended; its log: " + tail(log())};
}

int DaemonProcess::terminate(std::chrono::milliseconds limit) {
    process_.send(SIGTERM);
    auto const ended = process_.wait(limit);
    if (!ended) throw std::runtime_error{"fleetd did not stop; its log: " + tail(log())};
    return ended->status;
}

std::optional<int> DaemonProcess::ended_within(std::chrono::milliseconds limit) {
    auto const ended = process_.wait(limit);
    if (!ended) return std::nullopt;
    return ended->status;
}

HttpAnswer DaemonProcess::call(std::string const& method, std::string const& target, Json const& body,
                               HttpHeaders const& headers, std::chrono::milliseconds limit) {
    return http_call(socket(), method, target, body.is_null() ? std::string{} : json_text(body), headers,
                     limit);
}

}  // namespace fleet::test
