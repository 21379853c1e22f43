#pragma once
// The lines of a briefing, before any is left out.
#include <fleet/json_value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fleet {

// A line or a few, complete with line ends.
struct BriefingItem {
    std::string text{};
    std::string brief{};  // in place of `text` where that is too much; "": none
    int tier = 1;         // 0: must be said; then 1 before 2 before 3, across all sections
    Json fact{};          // what is behind it
};

struct BriefingSection {
    std::string_view title;
    std::string_view rest;              // the command that shows what was left out
    std::vector<BriefingItem> items{};  // the most important first
};

// The first lines: who and where one is, and what the bars mean.
std::string briefing_head(Json const& facts);
// All sections, in the order of importance. With `few` what must be said takes as few words as possible.
std::vector<BriefingSection> briefing_sections(Json const& facts, bool few);

// What is not the pilot's own: next steps, blockers, warnings, mail, files, the others, times.
void add_surroundings(std::vector<BriefingSection>& sections, Json const& facts);

}  // namespace fleet
