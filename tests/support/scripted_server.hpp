#pragma once
// A server on a unix socket that answers as a test says: for the client's side of the wire, without a daemon.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <unistd.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleet::test {

struct Asked {
    std::string head;  // request line and headers
    std::string body;
    int connection = 0;  // 1, 2, 3…

    bool has(std::string const& text) const { return head.find(text) != std::string::npos; }
    // The value of a header, "" when it is missing.
    std::string header(std::string const& name) const {
        auto at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        auto from = at + name.size() + 4;
        return head.substr(from, head.find("\r\n", from) - from);
    }
};

inline std::string http_answer(std::string const& body, std::string const& status = "200 OK",
                               std::string const& type = "application/json") {
    return "HTTP/1.1 " + status + "\r\nContent-Type: " + type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Lives on the test's loop. What `answer` gives goes out as it is; "" hangs up.
class ScriptedServer {
public:
    using Answer = std::function<std::string(Asked const&)>;

    ScriptedServer(boost::asio::io_context& loop, Answer answer)
        : path_(std::filesystem::temp_directory_path() /
                ("fleet-scripted-" + std::to_string(::getpid()) + "-" + std::to_string(next_++) + ".sock")),
          state_(std::make_shared<State>(loop, path_, std::move(answer))) {
        boost::asio::co_spawn(loop, accept(state_), [](std::exception_ptr const&) {});
    }
    ~ScriptedServer() {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
        std::filesystem::remove(path_);
    }
    ScriptedServer(ScriptedServer const&) = delete;

    std::string endpoint() const { return "unix:" + path_.string(); }
    std::vector<Asked> const& asked() const { return state_->asked; }

private:
    using Socket = boost::asio::local::stream_protocol::socket;

    struct State {
        State(boost::asio::io_context& loop, std::filesystem::path const& path, Answer given)
            : acceptor(loop, boost::asio::local::stream_protocol::endpoint(path.string())),
              answer(std::move(given)) {}
        boost::asio::local::stream_protocol::acceptor acceptor;
        Answer answer;
        std::vector<Asked> asked{};
        int connections = 0;
    };

    static boost::asio::awaitable<void> accept(std::shared_ptr<State> state) {
        while (state->acceptor.is_open()) {
            auto socket = co_await state->acceptor.async_accept(boost::asio::use_awaitable);
            auto executor = socket.get_executor();
            boost::asio::co_spawn(executor, serve(state, std::move(socket), ++state->connections),
                                  [](std::exception_ptr const&) {});
        }
    }

    static boost::asio::awaitable<void> serve(std::shared_ptr<State> state, Socket socket, int number) {
        std::string buffer;
        while (true) {
            auto end = co_await boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(buffer),
                                                              "\r\n\r\n", boost::asio::use_awaitable);
            Asked asked;
            asked.head = buffer.substr(0, end);
            asked.connection = number;
            buffer.erase(0, end);
            auto length = asked.header("Content-Length");
            std::size_t wanted = length.empty() ? 0 : std::stoul(length);
            while (buffer.size() < wanted) {
                char more[4096];
                auto got =
                    co_await socket.async_read_some(boost::asio::buffer(more), boost::asio::use_awaitable);
                buffer.append(more, got);
            }
            asked.body = buffer.substr(0, wanted);
            buffer.erase(0, wanted);
            state->asked.push_back(asked);
            auto answer = state->answer(asked);
            if (answer.empty()) co_return;
            co_await boost::asio::async_write(socket, boost::asio::buffer(answer),
                                              boost::asio::use_awaitable);
        }
    }

    static inline int next_ = 1;
    std::filesystem::path path_;
    std::shared_ptr<State> state_;
};

}  // namespace fleet::test
