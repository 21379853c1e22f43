// Cutting a briefing to its budget.
#include "model/briefing_parts.hpp"

#include <fleet/briefing.hpp>

#include <fmt/format.h>

#include <array>

namespace fleet {
namespace {

constexpr std::string_view head_title = "# Mission Recovery Context\n\n";
constexpr int tiers = 3;

// A heading, with the empty lines around it.
std::string heading(BriefingSection const& section) {
    return fmt::format("## {}\n\n", section.title);
}

// One section while it is being filled: so many of its items, some of them in brief.
struct Chosen {
    std::size_t count = 0;
    std::vector<bool> brief{};
    bool is_closed = false;  // one did not fit: what comes after it is less important
};

class Fitting {
public:
    Fitting(std::string head, std::vector<BriefingSection> sections, std::int64_t budget)
        : head_(std::move(head)), sections_(std::move(sections)), chosen_(sections_.size()), budget_(budget) {
        used_ = estimated_tokens(head_title) + estimated_tokens(head_);
        for (std::size_t i = 0; i < sections_.size(); ++i) {
            while (chosen_[i].count < sections_[i].items.size() && next(i).tier == 0) add(i, false);
        }
    }

    std::int64_t must() const { return used_; }

    Briefing fill() {
        // Everything, when it fits; else the line that says what was left out must have room, too.
        std::int64_t everything = used_;
        for (std::size_t i = 0; i < sections_.size(); ++i) {
            for (std::size_t k = chosen_[i].count; k < sections_[i].items.size(); ++k)
                everything += estimated_tokens(sections_[i].items[k].text);
            if (chosen_[i].count == 0 && !sections_[i].items.empty()) everything += heading_cost(i);
        }
        bool const fits = everything <= budget_;
        std::int64_t const room = fits ? budget_ : budget_ - longest_rest();
        // Where something more important did not fit, nothing that is less important takes its room.
        for (int tier = 1; tier <= tiers && !left_out_; ++tier)
            for (std::size_t i = 0; i < sections_.size(); ++i) fill_section(i, tier, room);
        return render();
    }

private:
    BriefingItem const& next(std::size_t i) const { return sections_[i].items[chosen_[i].count]; }

    std::int64_t heading_cost(std::size_t i) const {
        return estimated_tokens(heading(sections_[i])) + estimated_tokens("\n");
    }

    std::int64_t cost(std::size_t i, bool brief) const {
        auto const& item = next(i);
        return estimated_tokens(brief ? item.brief : item.text) +
               (chosen_[i].count == 0 ? heading_cost(i) : 0);
    }

    void add(std::size_t i, bool brief) {
        used_ += cost(i, brief);
        chosen_[i].brief.push_back(brief);
        chosen_[i].count += 1;
    }

    void fill_section(std::size_t i, int tier, std::int64_t room) {
        auto& chosen = chosen_[i];
        while (!chosen.is_closed && chosen.count < sections_[i].items.size() && next(i).tier <= tier) {
            if (used_ + cost(i, false) <= room) {
                add(i, false);
            } else if (!next(i).brief.empty() && used_ + cost(i, true) <= room) {
                add(i, true);
            } else {
                chosen.is_closed = true;
                left_out_ = true;
            }
        }
    }

    std::string rest_line(bool longest) const {
        std::string words;
        for (std::size_t i = 0; i < sections_.size(); ++i) {
            auto const total = sections_[i].items.size();
            auto const left = longest ? total : total - chosen_[i].count;
            if (left == 0) continue;
            words += fmt::format("{}{} of {}", words.empty() ? "" : ", ", left, sections_[i].title);
        }
        if (words.empty()) return words;
        return fmt::format("Left out of {} tokens: {}. `fleet prime --budget {}` shows more.\n", budget_,
                           words, 2 * budget_);
    }

    std::int64_t longest_rest() const { return estimated_tokens(rest_line(true)); }

    Briefing render() const {
        Briefing briefing;
        briefing.text = std::string(head_title) + head_;
        for (std::size_t i = 0; i < sections_.size(); ++i) {
            auto const& section = sections_[i];
            auto facts = Json::array();
            if (chosen_[i].count > 0) briefing.text += heading(section);
            for (std::size_t k = 0; k < chosen_[i].count; ++k) {
                auto const& item = section.items[k];
                briefing.text += chosen_[i].brief[k] ? item.brief : item.text;
                facts.push_back(item.fact);
            }
            if (chosen_[i].count > 0) briefing.text += '\n';
            if (section.items.empty()) continue;
            Json told{{"title", std::string(section.title)}, {"items", std::move(facts)}};
            told["command"] = std::string(section.rest);
            told["left_out"] = section.items.size() - chosen_[i].count;
            briefing.sections.push_back(std::move(told));
        }
        briefing.text += rest_line(false);
        briefing.tokens = estimated_tokens(briefing.text);
        briefing.is_over = briefing.tokens > budget_;
        return briefing;
    }

    std::string head_;
    std::vector<BriefingSection> sections_;
    std::vector<Chosen> chosen_;
    std::int64_t budget_;
    std::int64_t used_ = 0;
    bool left_out_ = false;
};

}  // namespace

Briefing make_briefing(Json const& facts, std::int64_t budget) {
    Fitting full(briefing_head(facts), briefing_sections(facts, false), budget);
    // What must be said may take half of it; beyond that it is said in as few words as possible.
    if (full.must() * 2 <= budget) return full.fill();
    return Fitting(briefing_head(facts), briefing_sections(facts, true), budget).fill();
}

}  // namespace fleet
