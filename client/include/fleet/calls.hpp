#pragma once
// What the typed calls of the families have in common.
#include <fleet/client.hpp>

#include <string>
#include <utility>

namespace fleet {

// One call: an operation of the catalogue, its arguments, and what its headers say.
struct Ask {
    std::string operation{};
    Json args = Json::object();
    CallOptions options{};
};

// Carries `ask` out and reads the answer as a `T`. Compiled once for each `T`.
template <class T>
asio::awaitable<Result<T>> perform(ClientCorePtr core, Ask ask);

// Another face of a client's connections, and cheap to make: `Work{client}.async_list_missions(…)`. What
// `Client` says of its calls holds for these, too. The client may go away.
class Calls {
public:
    explicit Calls(Client const& client) : core_(client.core()) {}

protected:
    template <class T, class Token>
    auto ask(Ask what, Token& token) const {
        auto initiation = [](auto handler, ClientCorePtr core, Ask given) {
            auto executor = executor_of(*core);
            launch<T>(std::move(executor), perform<T>(std::move(core), std::move(given)),
                      Completion<T>(std::move(handler)));
        };
        return asio::async_initiate<Token, void(Result<T>)>(std::move(initiation), token, core_,
                                                            std::move(what));
    }

private:
    static asio::any_io_executor executor_of(ClientCore const& core);

    ClientCorePtr core_;
};

}  // namespace fleet
