#include "direct/pg_session.hpp"

#include "direct/pg_handle.hpp"
#include "direct/servers.hpp"

#include <fleet/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>
#include <deque>

namespace fleet::direct {

namespace {

using Clock = std::chrono::steady_clock;
using Socket = asio::posix::stream_descriptor;
constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);

// Asks the server to notice a client that went away, and takes the role ('none' is the DSN's own). By itself
// a server may take two hours to end a session that was cut off, and its locks with it.
constexpr char const* session_settings =
    "select set_config('client_connection_check_interval', '5000', false),"
    " set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '3', false),"
    " set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', $2::text, false),"
    " set_config('jit', 'off', false), set_config('role', $1::text, false)";

// True when the socket is ready; false when time ran out or the socket was closed meanwhile.
asio::awaitable<bool> ready(Socket& socket, Socket::wait_type what, Clock::time_point until) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(socket.get_executor(), until);
    auto first = co_await (socket.async_wait(what, nothrow) || timer.async_wait(nothrow));
    co_return first.index() == 0 && !std::get<0>(std::get<0>(first));
}

}  // namespace

struct PgSession::State {
    explicit State(asio::any_io_executor executor) : loop(std::move(executor)) {}

    asio::any_io_executor loop;
    ConnectionPtr connection{};
    std::optional<Socket> socket{};  // of a duplicate: libpq closes its own descriptor by itself
    std::deque<Notification> inbox{};
    bool busy = false;  // an operation is in flight
    int pid = 0;        // of the backend
    std::uint64_t closed = 0;  // how often somebody asked for the end

    void close() {
        socket.reset();
        connection.reset();
        inbox.clear();
    }

    bool consume() {
        if (!connection || PQconsumeInput(connection.get()) == 0) return false;
        return PQstatus(connection.get()) == CONNECTION_OK;
    }

    // Any answer can bring notifications along, while the socket stays quiet: drain after every step.
    void drain() {
        while (PGnotify* raw = PQnotifies(connection.get())) {
            inbox.push_back(Notification{raw->relname, raw->extra, raw->be_pid});
            PQfreemem(raw);
        }
    }

    asio::awaitable<bool> polled(Clock::time_point until);
    asio::awaitable<bool> flushed(Clock::time_point until);
    asio::awaitable<ResultPtr> answer(Clock::time_point until);
};

namespace {

// An operation that does not land (limit, cancellation, loss) takes the session down with it.
template <class State>
class Flight {
public:
    explicit Flight(State& state) : state_(state) { state_.busy = true; }
    ~Flight() {
        state_.busy = false;
        if (!landed_) state_.close();
    }
    Flight(Flight const&) = delete;
    Flight& operator=(Flight const&) = delete;
    void land() { landed_ = true; }

private:
    State& state_;
    bool landed_ = false;
};

}  // namespace

// The number of the descriptor may change from poll to poll, or stay while the socket is another one: a new
// duplicate each time.
asio::awaitable<bool> PgSession::State::polled(Clock::time_point until) {
    auto what = PGRES_POLLING_WRITING;
    while (what != PGRES_POLLING_OK) {
        if (what == PGRES_POLLING_FAILED || !connection) co_return false;
        int const descriptor = ::dup(PQsocket(connection.get()));
        if (descriptor < 0) co_return false;
        socket.emplace(loop, descriptor);
        auto const wait = what == PGRES_POLLING_READING ? Socket::wait_read : Socket::wait_write;
        bool const in_time = co_await ready(*socket, wait, until);
        if (!in_time || !connection) co_return false;
        what = PQconnectPoll(connection.get());
    }
    int const descriptor = ::dup(PQsocket(connection.get()));
    if (descriptor < 0) co_return false;
    socket.emplace(loop, descriptor);
    co_return PQsetnonblocking(connection.get(), 1) == 0;
}

asio::awaitable<bool> PgSession::State::flushed(Clock::time_point until) {
    while (connection) {
        int const left = PQflush(connection.get());
        if (left == 0) co_return true;
        if (left < 0) co_return false;
        bool const in_time = co_await ready(*socket, Socket::wait_write, until);
        if (!in_time) co_return false;
    }
    co_return false;
}

// The last result of the statement; null when the session was lost or time ran out.
asio::awaitable<ResultPtr> PgSession::State::answer(Clock::time_point until) {
    ResultPtr last;
    for (;;) {
        while (connection && PQisBusy(connection.get()) != 0) {
            bool const in_time = co_await ready(*socket, Socket::wait_read, until);
            if (!in_time || !consume()) co_return nullptr;
        }
        if (!connection) co_return nullptr;
        ResultPtr one(PQgetResult(connection.get()));
        if (!one) break;
        last = std::move(one);
    }
    drain();
    co_return last;
}

PgSession::PgSession(asio::any_io_executor loop) : state_(std::make_shared<State>(std::move(loop))) {}
PgSession::PgSession(PgSession&&) noexcept = default;
PgSession& PgSession::operator=(PgSession&&) noexcept = default;

PgSession::~PgSession() {
    if (state_) state_->close();
}

asio::awaitable<Result<void>> PgSession::connect(ConnectRequest request) {
    auto state = state_;
    auto const closed = state->closed;
    auto const until = Clock::now() + request.limit;
    auto const servers = servers_of(request.dsn);
    for (std::size_t i = 0;; ++i) {
        auto const left = static_cast<int>(servers.size() - i);
        ConnectRequest one = request;
        one.dsn = servers[i];
        one.limit = std::chrono::ceil<Millis>(until - Clock::now()) / left;
        auto connected = co_await connect_to(std::move(one));
        bool const is_last = left == 1 || state->closed != closed;
        if (connected || is_last || connected.error().code == ErrorCode::pooler_found) co_return connected;
    }
}

asio::awaitable<Result<void>> PgSession::connect_to(ConnectRequest request) {
    auto const until = Clock::now() + request.limit;
    ConnectRequest same = request;
    auto reached = co_await reach(std::move(same));
    if (!reached) co_return reached;
    auto const rest = [until] { return std::chrono::ceil<Millis>(until - Clock::now()); };
    auto pid = co_await ask_pid(rest());
    if (!pid) {
        close();
        co_return std::move(pid).error();
    }
    state_->pid = *pid;
    if (state_->connection && *pid != PQbackendPID(state_->connection.get())) {
        ConnectRequest again = request;
        auto direct = co_await refuse_pooler(std::move(again), rest());
        if (!direct) {
            close();
            co_return direct;
        }
    }
    Arguments wanted;
    wanted.emplace_back(request.role.empty() ? "none" : request.role);
    wanted.emplace_back(std::to_string(request.tcp_user_timeout.count()));
    std::string settings(session_settings);
    auto set = co_await query(std::move(settings), std::move(wanted), rest());
    if (!set) {
        close();
        co_return std::move(set).error();
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> PgSession::reach(ConnectRequest request) {
    auto state = state_;
    state->close();
    auto const until = Clock::now() + request.limit;
    Flight flight(*state);
    state->connection = start_connecting(request);
    if (PQstatus(state->connection.get()) == CONNECTION_BAD) co_return lost_error(state->connection.get());
    bool const connected = co_await state->polled(until);
    if (!connected) {
        auto const* connection = state->connection.get();
        std::string_view const said = connection ? PQerrorMessage(connection) : "";
        co_return lost_error(said.empty() ? "the database did not answer in time" : said);
    }
    flight.land();
    co_return Result<void>();
}

asio::awaitable<Result<int>> PgSession::ask_pid(Millis limit) {
    std::string text("select pg_backend_pid()");
    Arguments none;
    auto answer = co_await query(std::move(text), std::move(none), limit);
    if (!answer) co_return std::move(answer).error();
    co_return static_cast<int>(answer->number(0, 0));
}

// There is a pooler between: it made up the number that we were told at connect. One that keeps a backend for
// each client is as good as none. One that lends it out for a transaction gives two idle clients the same
// backend, or one client another than before.
asio::awaitable<Result<void>> PgSession::refuse_pooler(ConnectRequest request, Millis limit) {
    auto const until = Clock::now() + limit;
    auto const rest = [until] { return std::chrono::ceil<Millis>(until - Clock::now()); };
    request.limit = limit;
    PgSession other(state_->loop);
    auto reached = co_await other.reach(std::move(request));
    if (!reached) co_return reached;
    for (int round = 0; round < 3; ++round) {
        auto theirs = co_await other.ask_pid(rest());
        if (!theirs) co_return std::move(theirs).error();
        auto mine = co_await ask_pid(rest());
        if (!mine) co_return std::move(mine).error();
        if (*mine != state_->pid || *mine == *theirs) co_return make_error(ErrorCode::pooler_found);
    }
    co_return Result<void>();
}

asio::awaitable<Result<Table>> PgSession::query(std::string sql, Arguments arguments, Millis limit) {
    auto state = state_;
    if (!is_open() || state->busy) co_return lost_error("the database session was lost");
    auto const until = Clock::now() + limit;
    Flight flight(*state);
    std::vector<char const*> values;
    values.reserve(arguments.size());
    for (auto const& one : arguments) values.push_back(one ? one->c_str() : nullptr);
    int const sent = PQsendQueryParams(state->connection.get(), sql.c_str(), static_cast<int>(values.size()),
                                       nullptr, values.data(), nullptr, nullptr, 0);
    if (sent == 0) co_return lost_error(state->connection.get());
    bool const flushed = co_await state->flushed(until);
    if (!flushed) co_return lost_error(state->connection.get());
    auto result = co_await state->answer(until);
    if (!result) {
        bool const late = Clock::now() >= until;
        co_return late ? lost_error("the database did not answer in time")
                       : lost_error(state->connection.get());
    }
    auto const status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        if (PQstatus(state->connection.get()) == CONNECTION_OK) flight.land();
        co_return server_error(result.get());
    }
    flight.land();
    co_return Table(std::make_shared<Table::Impl const>(std::move(result)));
}

asio::awaitable<Result<std::vector<Notification>>> PgSession::notifications(Millis limit) {
    auto state = state_;
    auto const until = Clock::now() + limit;
    for (;;) {
        if (!state->connection || state->busy) co_return lost_error("the database session was lost");
        state->drain();
        if (!state->inbox.empty()) break;
        // Waiting for the socket takes nothing from libpq: unlike a query it may be cancelled without harm.
        bool const readable = co_await ready(*state->socket, Socket::wait_read, until);
        if (!state->connection) co_return lost_error("the database session was lost");
        if (!readable) break;
        if (!state->consume()) {
            auto error = lost_error(state->connection.get());
            state->close();
            co_return error;
        }
    }
    std::vector<Notification> all(std::make_move_iterator(state->inbox.begin()),
                                  std::make_move_iterator(state->inbox.end()));
    state->inbox.clear();
    co_return all;
}

bool PgSession::is_open() const {
    return state_->connection && PQstatus(state_->connection.get()) == CONNECTION_OK;
}
void PgSession::close() {
    state_->closed += 1;
    state_->close();
}
int PgSession::backend_pid() const {
    return state_->connection ? state_->pid : 0;
}
int PgSession::server_version() const {
    return state_->connection ? PQserverVersion(state_->connection.get()) : 0;
}

}  // namespace fleet::direct
