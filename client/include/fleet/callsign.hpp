#pragma once
// The name of a pilot inside its project.
#include <fleet/result.hpp>

#include <compare>
#include <string>
#include <string_view>
#include <utility>

namespace fleet {

// Always `[a-z][a-z0-9-]{0,62}`.
class Callsign {
public:
    static Result<Callsign> parse(std::string_view text);
    static bool is_valid(std::string_view text);

    std::string const& str() const noexcept { return text_; }
    friend auto operator<=>(Callsign const&, Callsign const&) = default;

private:
    explicit Callsign(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

}  // namespace fleet
