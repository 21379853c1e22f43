// Reading and hashing many bytes beside the loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <utility>

namespace fleet::backups {

namespace asio = boost::asio;

// One thread. The destructor waits for the job that runs.
class Worker {
public:
    // Runs `job` on the thread and completes on the caller's executor with what it answered. The job owns its
    // state: it may outlive the caller.
    template <class T>
    asio::awaitable<T> run(std::function<T()> job) {
        auto work = carry_out<T>(std::move(job));
        co_return co_await asio::co_spawn(pool_, std::move(work), asio::use_awaitable);
    }

    ~Worker() {
        pool_.stop();
        pool_.join();
    }

private:
    template <class T>
    static asio::awaitable<T> carry_out(std::function<T()> job) {
        co_return job();
    }
    asio::thread_pool pool_{1};
};

}  // namespace fleet::backups
