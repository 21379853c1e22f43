#include "simulation/runner.hpp"

#include "simulation/audit.hpp"
#include "simulation/pilot.hpp"
#include "simulation/report.hpp"
#include "simulation/scene.hpp"

#include <fleet/json.hpp>
#include <fleet/subscription.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>
#include <exception>

namespace fleet::simulation {
namespace {

constexpr Millis tell_pause{500};
constexpr Millis replay_answer{3'600'000};
constexpr int events_a_page = 1'000;

Instant now() {
    return std::chrono::steady_clock::now();
}

asio::awaitable<void> arrive(SimulatedPilot& pilot, bool is_back, std::optional<Error>& failed) {
    auto arrived = co_await pilot.arrive(is_back);
    if (!arrived && !failed) failed = arrived.error();
}

}  // namespace

struct Runner::State {
    State(asio::any_io_executor executor_given, RunOptions options_given,
          std::function<void(Progress const&)> tell_given)
        : executor(std::move(executor_given)),
          options(std::move(options_given)),
          tell(std::move(tell_given)),
          plan(make_plan(options.plan)),
          ledger(plan) {}

    asio::awaitable<Result<void>> set_up();
    asio::awaitable<void> play();
    asio::awaitable<void> listen();
    asio::awaitable<void> tell_now_and_then();
    asio::awaitable<Result<void>> read_log(Audit& audit);
    asio::awaitable<Result<Json>> verify();
    void say(std::string doing);

    asio::any_io_executor executor;
    RunOptions options;
    std::function<void(Progress const&)> tell;
    Plan plan;
    Ledger ledger;
    std::string project{};
    std::unique_ptr<FleetLine> line{};
    std::unique_ptr<Stage> stage{};
    std::unique_ptr<Subscription> subscription{};
    std::vector<std::unique_ptr<SimulatedPilot>> pilots{};
    Instant began{};
    bool over = false;
    bool interrupted = false;
};

void Runner::State::say(std::string doing) {
    Progress progress;
    progress.sorties = plan.sorties.size();
    progress.sorties_done = ledger.completed_count();
    progress.orders = plan.orders.size();
    progress.orders_done = stage ? stage->orders_done() : 0;
    progress.commands = ledger.counts.commands;
    progress.crashes = ledger.counts.crashes - ledger.counts.comebacks;
    progress.doing = std::move(doing);
    if (tell) tell(progress);
}

asio::awaitable<Result<void>> Runner::State::set_up() {
    project = options.project;
    if (project.empty()) {
        // Wherever it is started: the simulation has a project of its own.
        auto maker = options.hosts.front();
        maker.project.clear();
        maker.callsign.clear();
        Client first(executor, std::move(maker));
        auto key = co_await make_project(first, options.plan.seed);
        if (!key) co_return key.error();
        project = *key;
    }
    LineOptions lines;
    lines.hosts = options.hosts;
    lines.project = project;
    line = std::make_unique<FleetLine>(executor, std::move(lines), ledger);
    stage = std::make_unique<Stage>(executor, plan, options.pace, *line, ledger);
    SubscriptionOptions wanted;
    // Of a run that is gone on with, what was lost before it broke off is known.
    wanted.after = options.project.empty() ? "start" : "now";
    wanted.types.push_back("sortie_requeued");
    subscription = std::make_unique<Subscription>(line->client(0), std::move(wanted));
    if (!options.project.empty()) {
        auto found = co_await find_missions(*stage);
        if (!found) co_return found.error();
    }

    std::optional<Error> failed;
    std::vector<asio::awaitable<void>> arrivals;
    for (std::size_t i = 0; i < plan.pilots.size(); ++i) {
        pilots.push_back(std::make_unique<SimulatedPilot>(*stage, i));
        arrivals.push_back(arrive(*pilots.back(), !options.project.empty(), failed));
    }
    co_await together(std::move(arrivals));
    if (failed) co_return *failed;
    co_return Result<void>{};
}

// What only the log tells: leases that ran out.
asio::awaitable<void> Runner::State::listen() {
    while (!over) {
        auto event = co_await subscription->async_next(asio::use_awaitable);
        if (!event) {
            if (!over) ledger.fault("the subscription ended: " + describe(event.error()));
            co_return;
        }
        auto const cause = text_or(event->data, "cause", "");
        if (cause != "lease_expired" && cause != "pilot_lost") continue;
        if (auto const sortie = stage->sortie(event->stream_id)) stage->lost(*sortie, event->seq);
    }
}

asio::awaitable<void> Runner::State::tell_now_and_then() {
    while (!over) {
        co_await pause_for(tell_pause);
        if (now() - began > options.limit && !stage->is_stopped()) {
            ledger.fault(fmt::format("not finished within {} s", options.limit.count() / 1'000));
            stage->stop();
        }
        if (!over) say("flying");
    }
}

asio::awaitable<void> Runner::State::play() {
    std::vector<asio::awaitable<void>> works;
    for (auto& pilot : pilots) works.push_back(pilot->live());
    works.push_back(make_orders(*stage));
    for (std::size_t mission = 0; mission < plan.missions.size(); ++mission)
        works.push_back(make_mission(*stage, mission));
    co_await together(std::move(works));
    over = true;
    subscription->stop();
}

asio::awaitable<Result<void>> Runner::State::read_log(Audit& audit) {
    std::string after;
    while (true) {
        ListRequest request{{"limit", events_a_page}};
        if (!after.empty()) request["after"] = after;
        auto page = co_await line->client(0).async_list_events(std::move(request), asio::use_awaitable);
        if (!page) co_return page.error();
        for (Event const& event : page->items) audit.take(event);
        if (page->next.empty() || page->items.empty()) co_return Result<void>{};
        after = page->next;
    }
}

asio::awaitable<Result<Json>> Runner::State::verify() {
    CallOptions long_call;
    long_call.answer = replay_answer;
    Json args{{"verify", true}};
    std::string operation = "replay";
    co_return co_await line->client(0).async_call(std::move(operation), std::move(args), std::move(long_call),
                                                  asio::use_awaitable);
}

Runner::Runner(asio::any_io_executor executor, RunOptions options, std::function<void(Progress const&)> tell)
    : state_(std::make_unique<State>(std::move(executor), std::move(options), std::move(tell))) {}
Runner::~Runner() = default;

void Runner::stop() {
    state_->interrupted = true;
    if (state_->stage) state_->stage->stop();
}

asio::awaitable<Result<Report>> Runner::run() {
    auto& state = *state_;
    state.say("making the project");
    auto ready = co_await state.set_up();
    if (!ready) co_return ready.error();
    state.began = now();
    std::vector<asio::awaitable<void>> works;
    works.push_back(state.play());
    works.push_back(state.listen());
    works.push_back(state.tell_now_and_then());
    auto const began = now();
    co_await together(std::move(works));
    auto const took = std::chrono::duration_cast<Millis>(now() - began);
    if (state.interrupted) co_return make_error(ErrorCode::cancelled);

    state.say("reading the log");
    Planned planned;
    planned.orders = state.stage->order_ids();
    for (std::size_t i = 0; i < state.plan.sorties.size(); ++i)
        planned.sorties.insert(state.stage->sortie_id(i));
    for (std::size_t i = 0; i < state.plan.missions.size(); ++i)
        planned.missions.insert(state.stage->mission_id(i));
    Audit audit(std::move(planned));
    auto read = co_await state.read_log(audit);
    if (!read) co_return read.error();
    state.say("replaying the log");
    auto verified = co_await state.verify();
    if (!verified) co_return verified.error();
    Findings const findings{
        state.plan, state.ledger, audit, *verified, took, state.project, state.options.hosts.size()};
    co_return make_report(findings);
}

}  // namespace fleet::simulation
