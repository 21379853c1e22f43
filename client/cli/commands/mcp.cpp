// fleet mcp: the server for clients of the Model Context Protocol that speak over stdin and stdout.
#include "cli/context.hpp"
#include "cli/daemon_start.hpp"
#include "cli/mcp_bridge.hpp"
#include "cli/menu.hpp"
#include "cli/toml_file.hpp"

#include <fleet/id.hpp>
#include <fleet/session_environment.hpp>
#include <fleet/workspace.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <iterator>

namespace fleet::cli {
namespace {

constexpr std::size_t line_max = std::size_t{8} << 20U;
// For answers that are on their way when the client has closed stdin.
constexpr Millis last_answers{1'000};

void write_all(std::string_view text) {
    while (!text.empty()) {
        auto const count = ::write(STDOUT_FILENO, text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        // Whoever reads the other end may have made it non-blocking for both.
        pollfd ready{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
        if (errno != EAGAIN || ::poll(&ready, 1, -1) < 0) std::_Exit(0);  // nobody reads any more
    }
}

// The lines of stdin, as they come.
class Lines {
public:
    Lines(asio::any_io_executor executor, McpBridge& bridge) : input_(std::move(executor)), bridge_(bridge) {}

    asio::awaitable<void> read() {
        std::array<char, 16 * 1024> piece{};
        struct stat what {};
        bool const is_file = ::fstat(STDIN_FILENO, &what) == 0 && S_ISREG(what.st_mode);
        if (!is_file) input_.assign(::dup(STDIN_FILENO));
        for (;;) {
            std::size_t count = 0;
            if (is_file) {  // always readable; no descriptor can wait for it
                auto const got = ::read(STDIN_FILENO, piece.data(), piece.size());
                count = got > 0 ? static_cast<std::size_t>(got) : 0;
            } else {
                auto const room = asio::buffer(piece);
                auto [failed, got] =
                    co_await input_.async_read_some(room, asio::as_tuple(asio::use_awaitable));
                count = failed ? 0 : got;
            }
            if (count == 0) break;
            take(std::string_view(piece.data(), count));
        }
        if (!rest_.empty()) bridge_.take(rest_);
    }
    void end() {
        boost::system::error_code ignored;
        input_.cancel(ignored);
    }

private:
    void take(std::string_view piece) {
        std::size_t from = 0;
        for (auto at = piece.find('\n'); at != std::string_view::npos; at = piece.find('\n', from)) {
            keep(piece.substr(from, at - from));
            if (is_too_long_)
                bridge_.refuse_line(line_max);
            else
                bridge_.take(rest_);
            rest_.clear();
            is_too_long_ = false;
            from = at + 1;
        }
        keep(piece.substr(from));
    }
    // Of a line that no message can be nothing is kept; the next one is heard.
    void keep(std::string_view piece) {
        is_too_long_ = is_too_long_ || rest_.size() + piece.size() > line_max;
        if (is_too_long_)
            rest_.clear();
        else
            rest_ += piece;
    }

    asio::posix::stream_descriptor input_;
    McpBridge& bridge_;
    std::string rest_{};
    bool is_too_long_ = false;
};

struct Session {
    std::string client{};
    std::string id{};
};

// The session of the program that runs us; else this process is one, as long as it runs.
Session session_here() {
    auto const named = must(session_from_environment());
    if (named) return {named->client, named->session_id};
    return {"", new_id("run")};
}

McpBridgeOptions options_of(Context& context) {
    McpBridgeOptions options;
    auto const& client = context.client().options();
    options.endpoint = must(transport::parse_endpoint(client.endpoint));
    auto const session = session_here();
    options.session_client = session.client;
    auto put = [&](char const* name, std::string value) {
        if (!value.empty()) options.headers.push_back({name, std::move(value)});
    };
    std::error_code error;
    auto const cwd = fs::current_path(error);
    auto const workspace = error ? Result<Workspace>(Workspace()) : find_workspace(cwd);
    auto project = context.project();
    if (project.empty() && workspace) project = workspace->project;
    put("Fleet-Project", project);
    auto const& globals = context.globals();
    put("Fleet-As", !globals.callsign.empty() ? globals.callsign : context.settings().callsign);
    put("Fleet-Session", transport::encode_segment(session.id));
    put("Fleet-Cwd", error ? "" : transport::encode_segment(cwd.string()));
    put("Fleet-Mcp-Transport", "stdio");
    if (!client.token.empty()) put("Authorization", "Bearer " + client.token);
    options.write = [](std::string line) { write_all(line += '\n'); };
    return options;
}

// The database starts while the client gets to know us; calls of tools wait for it.
void start_database(Context& context, std::shared_ptr<McpBridge> const& bridge) {
    auto done = [bridge](Result<Json> const& answer) {
        bool const is_there = answer || answer.error().code == ErrorCode::forbidden;
        bridge->database_is_there(is_there ? "" : answer.error().message);
    };
    auto sink = [](Json const&) { return true; };
    context.client().async_stream("services.up", Json::object(), sink, Completion<Json>(std::move(done)));
}

void report(std::exception_ptr const& failure) {
    if (failure) std::rethrow_exception(failure);
}

int serve(Context& context) {
    context.ask_as_user();  // a pilot acts only where one is named
    if (!daemon_answers(context)) start_daemon(context, {});
    auto const executor = context.loop().get_executor();
    auto const bridge = std::make_shared<McpBridge>(executor, options_of(context));
    start_database(context, bridge);
    Lines lines(executor, *bridge);
    bool is_over = false;
    bool is_cut = false;
    asio::co_spawn(executor, lines.read(), [&](std::exception_ptr const& failure) {
        is_over = true;
        report(failure);
    });
    context.on_interrupt([&] { lines.end(); });
    context.run_while([&] { return !is_over; });
    bridge->finish();
    asio::steady_timer limit(executor, last_answers);
    limit.async_wait([&](boost::system::error_code const&) { is_cut = true; });
    context.on_interrupt([&] { limit.cancel(); });
    if (!context.was_interrupted()) context.run_while([&] { return !bridge->is_idle() && !is_cut; });
    std::fflush(nullptr);
    // What still runs belongs to a client that is gone; nothing of ours must be tidied up.
    std::_Exit(0);
}

}  // namespace

void add_mcp(Menu& menu) {
    auto& app =
        menu.command("mcp", "The MCP server for agent programs, over stdin and stdout", "Agents", serve);
    app.footer(
        "\nOne JSON-RPC message a line, in either era of the protocol. fleetd and the database are started "
        "when "
        "they do not run. The same server answers at POST /mcp of the daemon.\n"
        "Who acts: --as CALLSIGN, else the session of the program that started it.\n");
}

}  // namespace fleet::cli
