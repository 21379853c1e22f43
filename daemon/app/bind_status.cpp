// status and doctor: how everything is, and what to do where it is not well.
#include "app/app.hpp"
#include "app/command_line.hpp"
#include "app/damage.hpp"
#include "services/machine.hpp"
#include "services/postmaster.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace fleet::app {
namespace {

constexpr std::uint64_t little_space = 500ULL << 20;

Time now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

Json daemon_json(App& app) {
    auto const& parts = app.parts();
    Json json{{"version", program_version()},
              {"pid", ::getpid()},
              {"uptime_seconds", (now() - app.started()).count() / 1000},
              {"host_id", parts.host_id},
              {"hostname", parts.hostname},
              {"socket", parts.files.shared.socket},
              {"state_dir", parts.files.shared.state_dir},
              {"connections", app.server().connections()}};
    if (auto memory = services::memory_of_family(::getpid())) json["memory_bytes"] = *memory;
    if (auto port = app.server().tcp_port()) json["tcp_port"] = port;
    if (!parts.log.file().empty()) json["log_file"] = parts.log.file().string();
    return json;
}

Json bus_json(App& app) {
    auto const bus = app.bus().health();
    Json json{{"listening", bus.listening},     {"head", bus.head},       {"incarnation", bus.incarnation},
              {"subscribers", bus.subscribers}, {"lagging", bus.lagging}, {"reconnects", bus.reconnects},
              {"queue_usage", bus.queue_usage}};
    if (!bus.last_error.empty()) json["last_error"] = bus.last_error;
    return json;
}

Json host_json(App& app) {
    auto const duty = app.membership().health();
    Json json{{"joined", duty.has_joined},
              {"leads", duty.leads},
              {"epoch", duty.epoch},
              {"rejoined", duty.rejoined}};
    if (!duty.last_error.empty()) json["last_error"] = duty.last_error;
    return json;
}

Json health_json(App& app) {
    Json parts = Json::array();
    for (auto const& [name, part] : app.health().parts()) {
        Json json{{"part", name},
                  {"condition", observe::condition_word(part.condition)},
                  {"symbol", observe::condition_symbol(part.condition)},
                  {"since", time_text(part.since)}};
        if (!part.words.empty()) json["words"] = part.words;
        parts.push_back(std::move(json));
    }
    return parts;
}

asio::awaitable<Result<ops::Answer>> status(App& app, ops::Request request) {
    Json body{{"daemon", daemon_json(app)},
              {"bus", bus_json(app)},
              {"host", host_json(app)},
              {"health", health_json(app)}};
    body["ok"] = app.health().is_ready() && app.database().phase() == Phase::running;
    body["services"] = co_await services_status(app);
    if (app.database().schema()) body["schema"] = app.database().schema()->to_json();
    if (app.database().phase() != Phase::running) co_return ops::answer_of(body);
    auto const project = text_or(request.args, "project", request.project);
    Json filter = project.empty() ? Json::object() : Json{{"project", project}};
    auto overview = co_await app.reads().show("overview", std::move(filter));
    if (!overview) co_return ops::answer_of(body);
    auto parsed = parse_json(overview->json);
    if (parsed) body["overview"] = *std::move(parsed);
    co_return ops::answer_of(body);
}

struct Checks {
    Json list = Json::array();
    bool all_ok = true;

    void add(std::string name, bool ok, std::string message, std::string hint = {}) {
        all_ok = all_ok && ok;
        Json check{{"name", std::move(name)}, {"ok", ok}, {"message", std::move(message)}};
        if (!hint.empty() && !ok) check["hint"] = std::move(hint);
        list.push_back(std::move(check));
    }
};

void check_space(Checks& checks, std::string name, std::filesystem::path const& path) {
    auto const free = services::free_bytes(path);
    if (!free) return checks.add(std::move(name), false, free.error().message);
    checks.add(std::move(name), *free >= little_space,
               fmt::format("{} MB free at {}", *free >> 20U, path.string()),
               "Make room: when the disk is full nothing can be written.");
}

void check_parts(Checks& checks, App& app) {
    auto const bus = app.bus().health();
    auto const duty = app.membership().health();
    checks.add("bus", bus.listening, bus.listening ? "listening" : "nobody listens: " + bus.last_error,
               "It connects again by itself; `fleet services logs daemon` shows why it cannot.");
    checks.add("host", duty.has_joined,
               duty.has_joined ? fmt::format("joined, epoch {}", duty.epoch) : duty.last_error,
               "`fleet services logs daemon` shows why this host could not join.");
    auto const& schema = app.database().schema();
    auto const is_current = schema && schema->usable && schema->pending.empty();
    checks.add("schema", is_current,
               schema ? fmt::format("version {} of {}", schema->version, schema->known) : "unknown",
               "`fleet db migrate` brings it up to date.");
}

asio::awaitable<Result<ops::Answer>> doctor(App& app) {
    Checks checks;
    checks.add("daemon", true, fmt::format("fleetd {}, pid {}", program_version(), ::getpid()));
    check_space(checks, "disk of the state directory", app.parts().files.shared.state_dir);
    auto const server = co_await services_status(app);
    auto const runs = text_or(server, "state", "") == "running" && app.database().phase() == Phase::running;
    auto const words = text_or(server, "words", "");
    checks.add("database", runs,
               fmt::format("{} {}{}{}", text_or(server, "provider", ""), text_or(server, "health", ""),
                           words.empty() ? "" : ": ", words),
               text_or(server, "hint", "`fleet services up` starts it."));
    auto const data = text_or(server, "data_directory", "");
    if (std::filesystem::path(data).is_absolute()) {
        check_space(checks, "disk of the database", data);
        auto const damage = co_await damage_checks(app, data, runs);
        for (auto const& one : damage)
            checks.add(text_or(one, "name", ""), flag_or(one, "ok", false), text_or(one, "message", ""),
                       text_or(one, "hint", ""));
    }
    if (runs) {
        check_parts(checks, app);
        auto rows = co_await app.reads().rows("doctor", {});
        if (!rows)
            checks.add("database checks", false, rows.error().message, rows.error().hint);
        else
            for (auto const& row : *rows)
                checks.add(text_or(row, "what", ""), text_or(row, "state", "") != "bad",
                           fmt::format("{}{}", text_or(row, "state", "") == "warn" ? "warning: " : "",
                                       text_or(row, "value", "")),
                           text_or(row, "advice", ""));
    }
    co_return ops::answer_of(Json{{"ok", checks.all_ok}, {"checks", std::move(checks.list)}});
}

}  // namespace

void bind_status(ops::Operations& operations, App& app) {
    operations.bind("status", [&app](ops::Request request) { return status(app, std::move(request)); });
    operations.bind("doctor", [&app](ops::Request) { return doctor(app); });
}

}  // namespace fleet::app
