// Tells an operation that waits for something that its caller went away.
#pragma once

#include <functional>
#include <utility>

namespace fleet::ops {

// Loop thread. The face says `gone`, at most once; the operation listens only while it waits, so that a
// caller who never waits is never watched.
class Leaving {
public:
    // `watch` is called when somebody first listens.
    explicit Leaving(std::function<void()> watch = {}) : watch_(std::move(watch)) {}

    // `act` is called once, at once if the caller is gone; empty: nobody listens any more.
    void listen(std::function<void()> act) {
        act_ = std::move(act);
        if (!act_) return;
        if (auto watch = std::exchange(watch_, nullptr)) watch();
        if (is_gone_) call();
    }
    void gone() {
        is_gone_ = true;
        call();
    }
    bool is_gone() const { return is_gone_; }

private:
    void call() {
        if (auto act = std::exchange(act_, nullptr)) act();
    }

    std::function<void()> watch_;
    std::function<void()> act_;
    bool is_gone_ = false;
};

}  // namespace fleet::ops
