// How the parts of the daemon are, for `/readyz`, `fleet status` and `fleet doctor`.
#pragma once

#include <fleet/time.hpp>

#include <map>
#include <string>
#include <string_view>

namespace fleet::observe {

enum class Condition { ok, starting, degraded, down };

// "ok", "starting", …
std::string_view condition_word(Condition condition);
// A sign that can be read without colour: ● ok, ◐ starting or degraded, ○ down.
std::string_view condition_symbol(Condition condition);

struct PartHealth {
    Condition condition = Condition::starting;
    std::string words{};  // one sentence: what is the matter, or ""
    Time since{};         // when the condition was last another one
};

// Each part (database, schema, bus, …) says how it is; nobody asks. Loop thread only.
class Health {
public:
    void set(std::string_view part, Condition condition, std::string_view words, Time now);
    void forget(std::string_view part);

    // The worst of all parts; ok when there is none.
    Condition overall() const;
    // Ready to serve: no part is starting or down.
    bool is_ready() const;
    std::map<std::string, PartHealth, std::less<>> const& parts() const { return parts_; }

private:
    std::map<std::string, PartHealth, std::less<>> parts_;
};

}  // namespace fleet::observe
