#include "observe/health.hpp"

#include <algorithm>
#include <array>

namespace fleet::observe {
namespace {

constexpr std::array<std::string_view, 4> words{"ok", "starting", "degraded", "down"};
constexpr std::array<std::string_view, 4> symbols{"●", "◐", "◐", "○"};

}  // namespace

std::string_view condition_word(Condition condition) {
    return words.at(static_cast<std::size_t>(condition));
}
std::string_view condition_symbol(Condition condition) {
    return symbols.at(static_cast<std::size_t>(condition));
}

void Health::set(std::string_view part, Condition condition, std::string_view sentence, Time now) {
    auto found = parts_.find(part);
    if (found == parts_.end()) {
        parts_.emplace(std::string(part), PartHealth{condition, std::string(sentence), now});
        return;
    }
    if (found->second.condition != condition) found->second.since = now;
    found->second.condition = condition;
    found->second.words = sentence;
}

void Health::forget(std::string_view part) {
    if (auto found = parts_.find(part); found != parts_.end()) parts_.erase(found);
}

Condition Health::overall() const {
    auto worst = Condition::ok;
    for (auto const& [name, part] : parts_) worst = std::max(worst, part.condition);
    return worst;
}

bool Health::is_ready() const {
    return std::none_of(parts_.begin(), parts_.end(), [](auto const& named) {
        return named.second.condition == Condition::starting || named.second.condition == Condition::down;
    });
}

}  // namespace fleet::observe
