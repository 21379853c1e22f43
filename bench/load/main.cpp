// fleet_load MODE --socket PATH …: plays one load against a fleetd and prints its figures as one JSON object.
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>
#include <map>

namespace fleet::load {
namespace {

using Mode = asio::awaitable<Json> (*)(Options);

std::map<std::string, Mode> const modes{
    {"append", &run_append},           {"append-rate", &run_append_rate}, {"reserve", &run_reserve},
    {"reserve-one", &run_reserve_one}, {"query", &run_query},             {"delivery", &run_delivery},
    {"orders", &run_orders},
    {"mail", &run_mail},               {"http", &run_http},
    {"simulate", &run_simulate},       {"fan-read", &run_fan_read},       {"fan-write", &run_fan_write},
};

asio::awaitable<void> play(Mode mode, Options options) {
    auto figures = co_await mode(std::move(options));
    std::cout << figures.dump() << std::endl;
}

// The project that the load is played in; registering it again is harmless.
asio::awaitable<void> prepare(Options options) {
    auto executor = co_await asio::this_coro::executor;
    Client client(executor, client_options(options, ""));
    ProjectRequest project{};
    project.key = options.project;
    auto registered = co_await client.async_register_project(std::move(project), asio::use_awaitable);
    must(std::move(registered));
    for (int i = 0; i <= options.clients; ++i) {
        PilotRequest pilot{};
        pilot.callsign = i == 0 ? "prober" : "bench-" + std::to_string(i);
        pilot.program = "fleet_load";
        pilot.model = "none";
        pilot.resume = true;
        auto known = co_await client.async_register_pilot(std::move(pilot), asio::use_awaitable);
        must(std::move(known));
    }
}

int main_of(int argc, char** argv) {
    Options options{};
    std::string mode;
    CLI::App app{"Plays a load against a fleetd."};
    app.add_option("mode", mode)->required()->check(CLI::IsMember(modes));
    app.add_option("--socket", options.socket)->required();
    app.add_option("--reader-socket", options.reader_socket, "Of another daemon, where mail is waited for");
    app.add_option("--sockets", options.sockets, "Of several daemons: all are read from and written to");
    app.add_option("--seed", options.seed, "Of a simulation");
    app.add_option("--speed", options.speed, "Of a simulation: times faster than life; 0: no pauses");
    app.add_option("--project", options.project);
    app.add_option("--kind", options.kind)->check(CLI::IsMember({"literal", "directory", "repo-wide"}));
    app.add_option("--clients", options.clients)->check(CLI::Range(1, 1000));
    app.add_option("--seconds", options.seconds)->check(CLI::Range(1, 600));
    app.add_option("--count", options.count)->check(CLI::Range(1, 1'000'000));
    app.add_option("--limit", options.limit)->check(CLI::Range(1, 100));
    app.add_option("--warm", options.warm)->check(CLI::Range(0, 100'000));
    app.add_option("--rate", options.rate)->check(CLI::Range(1, 100'000));
    CLI11_PARSE(app, argc, argv);

    asio::io_context loop{1};
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    };
    asio::co_spawn(loop, prepare(options), rethrow);
    loop.run();
    loop.restart();
    asio::co_spawn(loop, play(modes.at(mode), options), rethrow);
    loop.run();
    return 0;
}

}  // namespace
}  // namespace fleet::load

int main(int argc, char** argv) try {
    return fleet::load::main_of(argc, argv);
} catch (std::exception const& error) {
    std::cerr << "fleet_load: " << error.what() << '\n';
    return 1;
}
