#include "cli/setup/line_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string_view>

namespace fleet::cli {
namespace {

constexpr std::size_t around = 2;
// A table of more cells would cost more than its answer is worth: then the middle is shown as replaced.
constexpr std::size_t cells_max = 4'000'000;

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        auto const end = text.find('\n');
        auto line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(line);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

struct Row {
    char sign;
    std::string_view line;
    std::size_t number;  // in the text after the change
};

bool is_secret_name(std::string_view name) {
    std::string lower;
    for (char const c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (auto const* word :
         {"token", "key", "secret", "password", "passwd", "authorization", "credential", "cookie"})
        if (lower.find(word) != std::string::npos) return true;
    return false;
}

// "Bearer …", or a long word of letters and digits that nobody would type.
bool looks_secret(std::string_view value) {
    if (value.starts_with("Bearer ") || value.starts_with("Basic ")) return true;
    auto const has = [&](auto test) { return std::any_of(value.begin(), value.end(), test); };
    auto const is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
    return value.size() >= 20 && std::all_of(value.begin(), value.end(), is_word) &&
           has([](unsigned char c) { return std::isdigit(c) != 0; }) &&
           has([](unsigned char c) { return std::isalpha(c) != 0; });
}

// Each quoted value that is secret by its name, which stands in front of it, or by its look.
std::string shown(std::string_view line) {
    std::string out;
    std::string_view name = line.substr(0, line.find_first_of(":="));
    while (true) {
        auto const open = line.find('"');
        auto const close = open == std::string_view::npos ? open : line.find('"', open + 1);
        if (close == std::string_view::npos) return out.append(line);
        auto const value = line.substr(open + 1, close - open - 1);
        auto const lead = line.substr(0, open);
        bool const is_value = lead.find_first_of(":=,[") != std::string_view::npos;
        bool const is_hidden = looks_secret(value) || (is_value && is_secret_name(name));
        out += fmt::format("{}\"{}\"", lead, is_hidden ? "…" : value);
        line.remove_prefix(close + 1);
        auto const next = line.find_first_not_of(' ');
        if (next != std::string_view::npos && (line[next] == ':' || line[next] == '=')) name = value;
    }
}

// Longest common subsequence of what is left between equal beginnings and ends.
void middle(Lines const& a, Lines const& b, std::size_t head, std::size_t a_end, std::size_t b_end,
            std::vector<Row>& rows) {
    auto const n = a_end - head;
    auto const m = b_end - head;
    auto i = head;
    auto j = head;
    if (n != 0 && m != 0 && n <= cells_max / m) {
        std::vector<std::uint32_t> best((n + 1) * (m + 1), 0);
        auto const at = [&](std::size_t x, std::size_t y) -> std::uint32_t& { return best[x * (m + 1) + y]; };
        for (std::size_t x = n; x-- > 0;)
            for (std::size_t y = m; y-- > 0;)
                at(x, y) =
                    a[head + x] == b[head + y] ? at(x + 1, y + 1) + 1 : std::max(at(x + 1, y), at(x, y + 1));
        while (i < a_end && j < b_end) {
            if (a[i] == b[j]) {
                rows.push_back({' ', a[i], j});
                ++i;
                ++j;
            } else if (at(i - head + 1, j - head) >= at(i - head, j - head + 1)) {
                rows.push_back({'-', a[i++], j});
            } else {
                rows.push_back({'+', b[j], j});
                ++j;
            }
        }
    }
    for (; i < a_end; ++i) rows.push_back({'-', a[i], j});
    for (; j < b_end; ++j) rows.push_back({'+', b[j], j});
}

}  // namespace

std::vector<std::string> line_diff(std::string const& before, std::string const& after) {
    auto const a = lines_of(before);
    auto const b = lines_of(after);
    std::size_t head = 0;
    while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
    auto a_end = a.size();
    auto b_end = b.size();
    while (a_end > head && b_end > head && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;

    std::vector<Row> rows;
    for (auto at = head - std::min(head, around); at < head; ++at) rows.push_back({' ', b[at], at});
    middle(a, b, head, a_end, b_end, rows);
    for (auto at = b_end; at < std::min(b.size(), b_end + around); ++at) rows.push_back({' ', b[at], at});

    std::vector<std::string> out;
    bool gap = true;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        auto const from = at - std::min(at, around);
        auto const to = std::min(rows.size(), at + around + 1);
        auto const near = std::any_of(rows.begin() + static_cast<std::ptrdiff_t>(from),
                                      rows.begin() + static_cast<std::ptrdiff_t>(to),
                                      [](Row const& row) { return row.sign != ' '; });
        if (near && gap) out.push_back(fmt::format("@@ line {}", rows[at].number + 1));
        if (near) out.push_back(fmt::format("{} {}", rows[at].sign, shown(rows[at].line)));
        gap = !near;
    }
    return out;
}

}  // namespace fleet::cli
