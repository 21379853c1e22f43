#pragma once
// The socket of a session, for whoever has to end a call that nobody waits for any more. A server that is
// frozen, or a proxy that lost its other side, keeps a connection alive that will never bring an answer: no
// time-out of the server and no keep-alive ends that call.
//
// Owned by the session and by the pool. Any thread may call any function.
#include <mutex>

namespace fleet::pg {

class Line {
public:
    Line() = default;
    ~Line();
    Line(Line const&) = delete;
    Line& operator=(Line const&) = delete;

    // Keeps a duplicate of `socket`: libpq closes its own when it likes, and the number may then be
    // another's.
    void opened(int socket);
    // The call under way fails as if the server had gone, and so does every later one.
    void cut();

private:
    std::mutex mutex_;  // guards the two below
    int socket_ = -1;
    bool is_cut_ = false;
};

}  // namespace fleet::pg
