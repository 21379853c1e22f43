#include "fault/worker/modes.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <filesystem>
#include <iostream>
#include <map>
#include <stdexcept>

namespace fleet::fault {

bool told_to_stop(WorkerOptions const& options) {
    return std::filesystem::exists(options.control);
}

asio::awaitable<void> pause_for(std::int64_t milliseconds) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, std::chrono::milliseconds{milliseconds}};
    co_await timer.async_wait(asio::use_awaitable);
}

namespace {

WorkerOptions parse(int argc, char** argv) {
    WorkerOptions options;
    std::map<std::string, std::string*> const texts{
        {"--endpoint", &options.endpoint}, {"--dsn", &options.dsn},         {"--project", &options.project},
        {"--name", &options.name},         {"--history", &options.history}, {"--control", &options.control}};
    if (argc < 2) throw std::invalid_argument{"usage: fault_worker MODE [--option value]…"};
    options.mode = argv[1];
    for (int i = 2; i + 1 < argc; i += 2) {
        std::string const flag = argv[i];
        if (auto const text = texts.find(flag); text != texts.end())
            *text->second = argv[i + 1];
        else if (flag == "--rounds")
            options.rounds = std::stoi(argv[i + 1]);
        else if (flag == "--seed")
            options.seed = static_cast<std::uint32_t>(std::stoul(argv[i + 1]));
        else
            throw std::invalid_argument{"unknown option " + flag};
    }
    return options;
}

asio::awaitable<int> work_of(WorkerOptions options) {
    if (options.mode == "append") return append_through_daemon(std::move(options));
    if (options.mode == "subscribe" || options.mode == "direct") return subscribe(std::move(options));
    if (options.mode == "reserve") return reserve_in_rounds(std::move(options));
    if (options.mode == "claim") return claim_until_nothing_is_left(std::move(options));
    throw std::invalid_argument{"unknown mode " + options.mode};
}

int run(WorkerOptions options) {
    if (options.mode == "psql") return append_in_psql(options);
    asio::io_context loop{1};
    int status = 1;
    auto const finish = [&](std::exception_ptr failure, int result) {
        loop.stop();
        if (failure) std::rethrow_exception(failure);
        status = result;
    };
    asio::co_spawn(loop, work_of(std::move(options)), finish);
    loop.run();
    return status;
}

}  // namespace

}  // namespace fleet::fault

int main(int argc, char** argv) {
    try {
        return fleet::fault::run(fleet::fault::parse(argc, argv));
    } catch (std::exception const& failure) {
        std::cerr << "fault_worker: " << failure.what() << "\n";
        return 1;
    }
}
