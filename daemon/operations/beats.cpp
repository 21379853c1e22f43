#include "operations/beats.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fleet::ops {

namespace {

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
constexpr Millis pause{10'000};                      // far below the 300 s of a pilot's lease
constexpr std::size_t remembered_max = 4'096;
constexpr auto never = std::chrono::steady_clock::time_point::max();

}  // namespace

Beats::Beats(asio::any_io_executor loop, store::Reads& reads, IsBack is_back)
    : reads_(reads), is_back_(std::move(is_back)), work_(loop, never), done_(loop, never) {}

void Beats::touch(std::string const& project, std::string const& callsign) {
    if (is_stopping_) return;
    auto const now = std::chrono::steady_clock::now();
    if (touched_.size() >= remembered_max)
        std::erase_if(touched_, [&](auto const& one) { return now - one.second >= pause; });
    Pilot pilot(project, callsign);
    auto const [place, is_new] = touched_.try_emplace(pilot, now);
    if (!is_new && now - place->second < pause) return;
    place->second = now;
    next_->acted.insert(pilot);
    next_->pilots.insert(std::move(pilot));
    work_.cancel();
}

asio::awaitable<Result<std::string>> Beats::beat(std::string project, std::string callsign) {
    if (is_stopping_) co_return make_error(ErrorCode::stopping);
    Pilot const pilot(std::move(project), std::move(callsign));
    auto const round = next_;
    round->pilots.insert(pilot);
    work_.cancel();
    while (!round->is_done) {
        auto [ignored] = co_await done_.async_wait(as_pair);
        (void)ignored;
    }
    if (round->failure) co_return *round->failure;
    auto const found = round->states.find(pilot);
    co_return found == round->states.end() ? std::string("unknown") : found->second;
}

asio::awaitable<void> Beats::run() {
    for (;;) {
        if (next_->pilots.empty()) {
            if (is_stopping_) co_return;
            auto [ignored] = co_await work_.async_wait(as_pair);
            (void)ignored;
            continue;
        }
        auto const round = std::exchange(next_, std::make_shared<Round>());
        co_await send(round);
        round->is_done = true;
        done_.cancel();
    }
}

asio::awaitable<void> Beats::send(std::shared_ptr<Round> round) {
    Json items = Json::array();
    for (auto const& [project, callsign] : round->pilots)
        items.push_back(Json{{"project", project}, {"callsign", callsign}});
    std::vector<std::optional<std::string>> arguments;
    arguments.emplace_back(json_text(items));
    auto rows = co_await reads_.rows("beat", std::move(arguments));
    if (!rows) {
        round->failure = rows.error();
        co_return;
    }
    for (Json const& row : *rows)
        round->states[{text_or(row, "project", ""), text_or(row, "callsign", "")}] =
            text_or(row, "state", "unknown");
    for (auto const& pilot : round->acted)
        if (round->states[pilot] == "stale") is_back_(pilot.first, pilot.second);
}

void Beats::stop() {
    is_stopping_ = true;
    work_.cancel();
}

}  // namespace fleet::ops
