#pragma once
// A whole run: the scene, the pilots, the questions afterwards.
#include "simulation/plan.hpp"
#include "simulation/stage.hpp"

#include <fleet/client.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fleet::simulation {

struct RunOptions {
    PlanOptions plan{};
    Pace pace{};
    std::string project{};               // of a run that broke off, to go on with; "": a new one
    std::vector<ClientOptions> hosts{};  // endpoint and token of each daemon; pilots are spread over them
    Millis limit{1'800'000};             // for the pilots to finish
};

struct Progress {
    std::size_t sorties_done = 0;
    std::size_t sorties = 0;
    std::size_t orders_done = 0;
    std::size_t orders = 0;
    std::int64_t commands = 0;
    std::int64_t crashes = 0;
    std::string doing{};  // what goes on, in words
};

struct Check {
    std::string name{};
    bool ok = false;
    std::string found{};
};

struct Report {
    std::string project{};
    Millis took{};
    Json figures = Json::object();  // what `--json` prints, checks among it
    std::vector<Check> checks{};
    std::vector<std::string> faults{};

    bool ok() const;
};

// Lives on the executor, which must be serial; `run` once. The object outlives it.
class Runner {
public:
    Runner(asio::any_io_executor executor, RunOptions options, std::function<void(Progress const&)> tell);
    ~Runner();

    // Errors: those of registering the project and the pilots, and of the questions at the end. What goes
    // wrong with the work itself is in the report.
    asio::awaitable<Result<Report>> run();
    // Pilots stop at their next step; `run` completes with `cancelled`.
    void stop();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace fleet::simulation
