#include "cli/commands/live_board.hpp"

#include "cli/commands/screen_loop.hpp"
#include "cli/screen/board_top.hpp"
#include "cli/screen/event_line.hpp"
#include "cli/screen/full_screen.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <deque>

namespace fleet::cli {
namespace {

constexpr auto with_error = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t events_kept = 500;
constexpr std::size_t missions_shown = 10;
constexpr std::size_t sorties_shown = 15;  // of each mission
constexpr int board_every = 10;            // seconds, when nothing happens
constexpr std::size_t history = 100;

// Shared by the coroutines, which end one by one after `over`.
struct Board {
    Board(Context& given, FollowFlags const& flags)
        : client(given.client()),
          style(wants_colour(1)),
          subscription(open_subscription(given, flags)),
          tick(given.loop()),
          keys(given.loop(), ::dup(0)),
          resized(given.loop(), SIGWINCH),
          project(flags.everywhere ? std::string() : given.project()) {}

    Client& client;
    Style style;
    Subscription subscription;
    asio::steady_timer tick;
    asio::posix::stream_descriptor keys;
    asio::signal_set resized;
    std::string project;

    FullScreen screen{};
    Teller teller{};
    std::deque<Event> events{};
    Json board = Json::object();
    Json held = Json::array();
    std::int64_t seq = 0;
    bool board_is_old = true;
    bool paused = false;
    bool over = false;
    std::optional<Error> error{};

    void end() {
        over = true;
        subscription.stop();
        tick.cancel();
        keys.cancel();
        resized.cancel();
    }

    std::string head() const {
        auto trouble = subscription.trouble();
        auto live =
            trouble.empty() ? style(Ink::green, "● live") : style(Ink::yellow, "◐ " + printable(trouble));
        auto where = project.empty() ? std::string("every project") : printable(project);
        return fmt::format(" {}  {}  {}  {}{}", style(Ink::bold, "fleet watch"), where, live,
                           style(Ink::dim, fmt::format("#{}", seq)),
                           paused ? style(Ink::yellow, "  paused") : "");
    }

    void draw() {
        std::vector<std::string> lines{head()};
        std::size_t height = std::max<std::size_t>(screen.rows(), 8);
        // A third of the screen belongs to the events at least.
        Look look{style, screen.columns(), clock_now(), project.empty()};
        for (std::string& line : board_top(board, held, look, height - height / 3 - 3))
            lines.push_back(std::move(line));
        std::string rule;
        for (std::size_t i = 0; i < screen.columns(); ++i) rule += "─";
        lines.push_back(style(Ink::dim, rule));
        std::size_t room = height > lines.size() + 1 ? height - lines.size() - 1 : 0;
        std::size_t first = events.size() > room ? events.size() - room : 0;
        for (std::size_t i = first; i < events.size(); ++i)
            lines.push_back(teller.line(events[i], style, look.now, project.empty()));
        lines.resize(height - 1);
        lines.push_back(style(Ink::dim, " q quit   p pause   c clear"));
        screen.draw(lines);
    }

    void take(Event event) {
        seq = event.seq;
        board_is_old = true;
        events.push_back(std::move(event));
        if (events.size() > events_kept) events.pop_front();
    }

    void key(char pressed) {
        if (pressed == 'q' || pressed == 'Q' || pressed == 4) end();
        if (pressed == 'p' || pressed == ' ') paused = !paused;
        if (pressed == 'c') events.clear();
    }
};

using BoardPtr = std::shared_ptr<Board>;

asio::awaitable<void> follow(BoardPtr board) {
    while (!board->over) {
        auto batch = co_await board->subscription.async_next_batch(asio::use_awaitable);
        if (board->over) co_return;
        if (!batch) {
            board->error = batch.error();
            board->end();
            co_return;
        }
        for (Event& event : *batch) board->take(std::move(event));
        if (!board->paused) board->draw();
    }
}

asio::awaitable<void> read_keys(BoardPtr board) {
    std::array<char, 16> pressed{};
    while (!board->over) {
        auto [error, count] = co_await board->keys.async_read_some(asio::buffer(pressed), with_error);
        if (error || board->over) co_return;
        for (std::size_t i = 0; i < count; ++i) board->key(pressed[i]);
        if (!board->over) board->draw();
    }
}

// Sentences name missions and sorties by their titles.
void learn_titles(Board& board) {
    auto learn = [&](Json const& list, char const* id) {
        for (Json const& one : list) board.teller.remember(text_or(one, id, ""), text_or(one, "title", ""));
    };
    Json const& page = board.board;
    if (page.contains("loose_sorties")) learn(page.at("loose_sorties"), "sortie_id");
    if (!page.contains("missions")) return;
    learn(page.at("missions"), "mission_id");
    for (Json const& mission : page.at("missions")) {
        if (mission.contains("sorties")) learn(mission.at("sorties"), "sortie_id");
    }
}

asio::awaitable<void> ask_board(BoardPtr board) {
    Json where = Json::object();
    if (!board->project.empty()) where["project"] = board->project;
    Json args = where;
    args["limit"] = missions_shown;
    args["sorties"] = sorties_shown;
    CallOptions options;
    std::string operation = "board";
    auto page = co_await board->client.async_call(operation, std::move(args), options, asio::use_awaitable);
    if (page && page->is_object()) board->board = *std::move(page);
    learn_titles(*board);
    if (board->over) co_return;
    where["status"] = "active";
    where["limit"] = 50;
    operation = "reservations.list";
    auto held = co_await board->client.async_call(operation, std::move(where), options, asio::use_awaitable);
    if (!held || !held->contains("items")) co_return;
    board->held = held->at("items");
    for (Json const& one : board->held) {
        board->teller.remember(text_or(one, "reservation_id", ""), list_member(one, "patterns"));
    }
}

asio::awaitable<void> keep_time(BoardPtr board) {
    for (int seconds = 0; !board->over; ++seconds) {
        if (board->board_is_old || seconds % board_every == 0) {
            board->board_is_old = false;
            co_await ask_board(board);
        }
        if (board->over) co_return;
        if (!board->paused) board->draw();
        board->tick.expires_after(std::chrono::seconds(1));
        auto [ended] = co_await board->tick.async_wait(with_error);
        if (ended) co_return;
    }
}

asio::awaitable<void> mind_size(BoardPtr board) {
    while (!board->over) {
        auto [error, number] = co_await board->resized.async_wait(with_error);
        static_cast<void>(number);
        if (error || board->over) co_return;
        board->draw();
    }
}

// So that the screen is not empty until the next event.
void show_last(Context& context, FollowFlags const& flags, Board& board) {
    Json args{{"before", "999999999999999999"}, {"limit", history}};
    if (!board.project.empty()) args["project"] = board.project;
    if (!flags.types.empty()) args["type"] = joined(flags.types, ",");
    if (!flags.stream.empty()) args["stream_id"] = flags.stream;
    auto answer = context.try_call("events.list", std::move(args));
    if (!answer || !answer->contains("items")) return;
    for (Json const& one : answer->at("items")) {
        if (auto event = event_from_json(one)) board.take(*std::move(event));
    }
}

}  // namespace

int live_board(Context& context, FollowFlags const& flags) {
    if (flags.direct.empty()) context.call("healthz");
    auto const board = std::make_shared<Board>(context, flags);
    if (flags.after.empty() && flags.cursor.empty()) show_last(context, flags, *board);
    run_screen(context, board, follow(board), read_keys(board), keep_time(board), mind_size(board));
    return 0;
}

}  // namespace fleet::cli
