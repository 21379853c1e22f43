#pragma once
// Halting the fleet or a part of it, and erasing what should never have been written.
#include <fleet/calls.hpp>

#include <optional>
#include <string>

namespace fleet {

// What is halted: "fleet"; "project" with its key (default: the client's); "mission" or "pilot" with the id.
struct Scope {
    std::string kind = "project";
    std::string id{};
};
struct Halt {
    std::string halt_id{};
    Scope scope{};
    std::string project{};
    std::string status{};  // halted, lifted
    std::string reason{};
    std::string by{};
    std::optional<Time> since{};
    std::optional<Time> lifted_at{};
};

class Safety : public Calls {
public:
    using Calls::Calls;

    // While it lasts claim, start and reserve are refused with `halted`, on every host. Needs the operator
    // role.
    template <ResultToken<Halt> Token>
    auto async_halt(Scope scope, std::string reason, Token&& token) const {
        return ask<Halt>(of_scope("halts.set", std::move(scope), std::move(reason)), token);
    }
    template <ResultToken<Halt> Token>
    auto async_lift(Scope scope, std::string reason, Token&& token) const {
        return ask<Halt>(of_scope("halts.lift", std::move(scope), std::move(reason)), token);
    }
    template <ResultToken<Page<Halt>> Token>
    auto async_list_halts(ListRequest request, Token&& token) const {
        return ask<Page<Halt>>(Ask{"halts.list", std::move(request)}, token);
    }
    // Erases the texts that an event holds. Needs the operator role.
    template <ResultToken<Json> Token>
    auto async_redact(std::string event_id, std::string reason, Token&& token) const {
        return ask<Json>(redact(std::move(event_id), std::move(reason)), token);
    }

private:
    static Ask of_scope(char const* operation, Scope scope, std::string reason);
    static Ask redact(std::string event_id, std::string reason);
};

}  // namespace fleet
