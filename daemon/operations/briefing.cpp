// What brings an agent back to its work: one look at the state, cut to a budget.
#include "operations/state.hpp"

#include <fleet/briefing.hpp>
#include <fleet/json.hpp>

namespace fleet::ops {

namespace {

constexpr std::int64_t budget_default = 2'000;

asio::awaitable<Result<Answer>> briefing(Operations::State& state, Request request) {
    auto const budget = number_or(request.args, "budget", budget_default);
    request.args.erase("budget");
    if (!request.args.contains("project") && !request.project.empty())
        request.args["project"] = request.project;
    if (!request.args.contains("callsign") && !request.caller.callsign.empty())
        request.args["callsign"] = request.caller.callsign;

    Answer answer;
    // What the bus has read was committed before: the read below sees at least as much.
    answer.seq = state.parts.bus.head();
    auto item = co_await state.parts.reads.show("briefing", std::move(request.args));
    if (!item) co_return item.error();
    auto facts = parse_json(item->json);
    if (!facts) co_return facts.error();
    auto made = make_briefing(*facts, budget);
    Json body{{"text", std::move(made.text)},
              {"tokens", made.tokens},
              {"budget", budget},
              {"over_budget", made.is_over},
              {"sections", std::move(made.sections)}};
    for (auto const* name : {"project", "callsign", "seq", "at"})
        if (facts->contains(name)) body[name] = std::move(facts->at(name));
    answer.json = json_text(body);
    co_return answer;
}

}  // namespace

void bind_briefing(Operations::State& state) {
    state.handlers.emplace("briefing",
                           [&state](Request request) { return briefing(state, std::move(request)); });
}

}  // namespace fleet::ops
