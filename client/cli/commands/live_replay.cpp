// `fleet replay` on the whole terminal: the board as it was, and the events as they came.
#include "cli/commands/past.hpp"
#include "cli/commands/screen_loop.hpp"

#include "cli/screen/board_top.hpp"
#include "cli/screen/event_line.hpp"
#include "cli/screen/full_screen.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <deque>

namespace fleet::cli {
namespace {

constexpr auto with_error = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t events_kept = 500;
constexpr std::size_t events_ahead = 200;
constexpr Millis board_pause{700};

std::chrono::steady_clock::time_point now() {
    return std::chrono::steady_clock::now();
}

// Shared by the coroutines, which end one by one after `over`.
struct Show {
    Show(Context& context, ReplayFlags const& flags)
        : client(context.client()),
          style(wants_colour(1)),
          stretch(stretch_of(context, flags)),
          player(player_of(flags)),
          next(context.loop()),
          more(context.loop()),
          keys(context.loop(), ::dup(0)),
          project(flags.everywhere ? std::string() : context.project()),
          from(stretch.after + 1) {}

    Client& client;
    Style style;
    Stretch stretch;
    Player player;
    asio::steady_timer next;
    asio::steady_timer more;
    asio::posix::stream_descriptor keys;
    std::string project;
    std::int64_t from;

    FullScreen screen{};
    Teller teller{};
    std::deque<Event> events{};
    Json board = Json::object();
    std::int64_t board_seq = 0;
    std::int64_t seq = 0;
    Time then{};
    bool over = false;
    std::optional<Error> error{};

    bool has_ended() const { return stretch.at_end && player.waiting() == 0; }

    void end() {
        over = true;
        next.cancel();
        more.cancel();
        keys.cancel();
    }

    std::string head() const {
        auto where = project.empty() ? std::string("every project") : printable(project);
        auto state = has_ended()          ? style(Ink::green, "■ the end")
                     : player.is_paused() ? style(Ink::yellow, "‖ paused")
                                          : style(Ink::cyan, "▶ playing");
        auto speed = player.speed() > 0 ? fmt::format("{:g}x", player.speed()) : std::string("max");
        auto time = seq > 0 ? local_clock(then, clock_now()) : std::string();
        return fmt::format(" {}  {}  {} {}  {}", style(Ink::bold, "fleet replay"), where, state, speed,
                           style(Ink::dim, fmt::format("{}  #{} of {}…{}", time, seq, from, stretch.upto)));
    }

    void draw() {
        std::vector<std::string> lines{head()};
        std::size_t height = std::max<std::size_t>(screen.rows(), 8);
        // Times are told as they stood then.
        Look look{style, screen.columns(), seq > 0 ? then : clock_now(), project.empty()};
        Json const held = board.contains("held") ? board.at("held") : Json::array();
        if (!project.empty()) {
            Json top = board;
            top.erase("waiting");
            for (std::string& line : board_top(top, held, look, height - height / 3 - 3))
                lines.push_back(std::move(line));
        }
        std::string rule;
        for (std::size_t i = 0; i < screen.columns(); ++i) rule += "─";
        lines.push_back(style(Ink::dim, rule));
        std::size_t room = height > lines.size() + 1 ? height - lines.size() - 1 : 0;
        std::size_t first = events.size() > room ? events.size() - room : 0;
        for (std::size_t i = first; i < events.size(); ++i)
            lines.push_back(teller.line(events[i], style, clock_now(), project.empty()));
        lines.resize(height - 1);
        lines.push_back(style(Ink::dim, " q quit   p pause   n step   + faster   - slower"));
        screen.draw(lines);
    }

    void key(char pressed) {
        if (pressed == 'q' || pressed == 'Q' || pressed == 4) return end();
        if (pressed == 'p' || pressed == ' ') player.pause(now());
        if (pressed == 'n' || pressed == '.') player.step(now());
        if (pressed == '+' || pressed == '=') player.faster(now());
        if (pressed == '-') player.slower(now());
        next.cancel();
    }

    void take(Event event) {
        seq = event.seq;
        then = event.recorded_at;
        events.push_back(std::move(event));
        if (events.size() > events_kept) events.pop_front();
    }
};

using ShowPtr = std::shared_ptr<Show>;

asio::awaitable<void> fetch(ShowPtr show) {
    while (!show->over && !show->stretch.at_end) {
        if (show->player.waiting() > events_ahead) {
            show->more.expires_after(board_pause);
            auto [ended] = co_await show->more.async_wait(with_error);
            (void)ended;
            continue;
        }
        std::string operation = "events.list";
        CallOptions options;
        Json args = show->stretch.next_page();
        auto page =
            co_await show->client.async_call(operation, std::move(args), options, asio::use_awaitable);
        if (show->over) co_return;
        if (!page) {
            show->error = page.error();
            show->end();
            co_return;
        }
        show->player.add(show->stretch.take(*page));
        show->next.cancel();
    }
}

asio::awaitable<void> play(ShowPtr show) {
    while (!show->over) {
        while (auto event = show->player.take(now())) {
            show->take(*std::move(event));
            if (show->player.speed() > 0) break;
        }
        show->draw();
        auto due = show->player.due();
        if (due && *due <= now()) continue;
        show->next.expires_at(due.value_or(std::chrono::steady_clock::time_point::max()));
        auto [woken] = co_await show->next.async_wait(with_error);
        (void)woken;
    }
}

asio::awaitable<void> read_keys(ShowPtr show) {
    std::array<char, 16> pressed{};
    while (!show->over) {
        auto [error, count] = co_await show->keys.async_read_some(asio::buffer(pressed), with_error);
        if (error || show->over) co_return;
        for (std::size_t i = 0; i < count; ++i) show->key(pressed[i]);
    }
}

// The board follows at its own pace: it is made anew from the log each time.
asio::awaitable<void> follow_board(ShowPtr show) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer pause{executor};
    while (!show->over) {
        auto wanted = show->seq;
        if (wanted > 0 && wanted != show->board_seq && !show->project.empty()) {
            Json args{{"project", show->project}, {"at", std::to_string(wanted)}};
            CallOptions options;
            std::string operation = "history.board";
            auto board =
                co_await show->client.async_call(operation, std::move(args), options, asio::use_awaitable);
            if (show->over) co_return;
            if (board) show->board = *std::move(board);
            show->board_seq = wanted;
            show->next.cancel();
        }
        pause.expires_after(board_pause);
        auto [ended] = co_await pause.async_wait(with_error);
        (void)ended;
    }
}

}  // namespace

int live_replay(Context& context, ReplayFlags const& flags) {
    auto const show = std::make_shared<Show>(context, flags);
    run_screen(context, show, fetch(show), play(show), read_keys(show), follow_board(show));
    return 0;
}

}  // namespace fleet::cli
