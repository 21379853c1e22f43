// What brings an agent back to its work: a text cut to a budget, made from the facts that the daemon knows.
#pragma once

#include <fleet/json_value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fleet {

// How many tokens of a language model a text takes, from above for prose, code and ids. The rule, for each
// line: a word of letters one for each begun 5 of them (in capitals: 3), a run with digits three for each
// begun 5 characters, every other printable ASCII character one, a run of several blanks one, the end of a
// line one, any other character one less than its bytes in UTF-8.
std::int64_t estimated_tokens(std::string_view text);

// Text of others as a block: each line behind `  > `, whatever breaks a line in it, without control and
// direction characters, `<` as `&lt;`. Nothing in it can look like a heading or a list of ours. At most `max`
// characters; what is cut ends in "…".
std::string quoted_text(std::string_view text, std::size_t max);
// The same on one line, for titles and reasons: blanks joined, quotes and backticks disarmed.
std::string inline_text(std::string_view text, std::size_t max);

struct Briefing {
    std::string text{};             // Markdown
    std::int64_t tokens = 0;        // estimated_tokens(text)
    bool is_over = false;           // what must be said takes more than the budget by itself
    Json sections = Json::array();  // [{title, command, items, left_out}]: the facts behind the lines
};

// `facts` as fleet.briefing gives them. The same facts and budget give the same text. Rulings are always
// whole, and no fencing token is ever left out, even beyond the budget.
Briefing make_briefing(Json const& facts, std::int64_t budget);

}  // namespace fleet
