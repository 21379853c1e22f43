// Answers of unknown length. No Beast body is needed for them: a chunk is its size, itself, and a line break.
#include "net/http_head.hpp"
#include "net/http_session.hpp"

#include <fmt/format.h>

namespace fleet::net {

class ChunkWriter final : public StreamWriter {
public:
    ChunkWriter(HttpSession& session, bool is_chunked, std::shared_ptr<Departure> departure)
        : session_(session), is_chunked_(is_chunked), departure_(std::move(departure)) {}

    asio::awaitable<bool> write(std::string piece) override {
        if (!is_open()) co_return false;
        co_return co_await write_last(std::move(piece));
    }

    asio::awaitable<bool> write_last(std::string piece) override {
        if (is_broken_) co_return false;
        if (piece.empty()) co_return true;           // an empty chunk would end the body
        std::string text = is_chunked_ ? fmt::format("{:x}\r\n", piece.size()) : std::string();
        text += piece;
        if (is_chunked_) text += "\r\n";
        bool const sent = co_await session_.write_all(std::move(text));
        is_broken_ = !sent;
        if (is_broken_) departure_->say();
        co_return sent;
    }

    bool is_open() const override { return !is_broken_ && !departure_->is_gone() && !is_stopping(); }
    bool is_stopping() const override { return session_.core_->is_stopping; }
    bool is_broken() const { return is_broken_; }
    void on_end(std::function<void()> act) override { departure_->then(std::move(act)); }

private:
    HttpSession& session_;
    bool is_chunked_;
    std::shared_ptr<Departure> departure_;
    bool is_broken_ = false;
};

asio::awaitable<bool> HttpSession::stream(HttpResponse response, unsigned version, bool keeps,
                                          std::shared_ptr<Departure> departure) {
    bool const is_chunked = version >= 11;
    std::string head = response_head(response, version, keeps, core_->date());
    bool const begun = co_await write_all(std::move(head));
    if (!begun) co_return false;

    ChunkWriter writer(*this, is_chunked, std::move(departure));
    auto const body = std::move(response.stream);
    std::exception_ptr failure;
    try {
        co_await body(writer);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        // Without the last chunk the client sees that the body is not complete.
        core_->log.error("a streamed answer ended with an exception",
                         {{"why", failure_text(std::move(failure))}});
        co_return false;
    }
    if (writer.is_broken() || !is_chunked) co_return false;
    std::string end = "0\r\n\r\n";
    co_return co_await write_all(std::move(end));
}

}  // namespace fleet::net
