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
    std::size_t line;    // in the text before the change where the sign is "-", else in the one after it
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

// "Bearer …", an address with a password in it, or a long word of letters and digits that nobody would type.
bool looks_secret(std::string_view value) {
    for (auto const* start : {"Bearer ", "Basic ", "eyJ", "sk-", "AKIA"})
        if (value.starts_with(start) && value.size() > 8) return true;
    auto const scheme = value.find("://");
    auto const at = value.find('@', scheme == std::string_view::npos ? 0 : scheme);
    if (scheme != std::string_view::npos && at != std::string_view::npos) {
        auto const user = value.substr(scheme + 3, at - scheme - 3);
        if (user.find(':') != user.npos && user.find('/') == user.npos) return true;
    }
    auto const has = [&](auto test) { return std::any_of(value.begin(), value.end(), test); };
    auto const is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
    return value.size() >= 20 && std::all_of(value.begin(), value.end(), is_word) &&
           has([](unsigned char c) { return std::isdigit(c) != 0; }) &&
           has([](unsigned char c) { return std::isalpha(c) != 0; });
}

// "--token=…", "API_KEY=…", "Authorization: …": the name stands in the value itself.
bool names_secret(std::string_view value) {
    auto const end = value.find_first_of(":=");
    if (end == std::string_view::npos || end + 1 >= value.size()) return false;
    auto const name = value.substr(0, end);
    return name.find_first_of(" /") == std::string_view::npos && is_secret_name(name);
}

struct Quoted {
    std::size_t open = std::string_view::npos;
    std::size_t close = std::string_view::npos;
};

// The next value in quotes. A single quote opens one only where a value may stand: prose has apostrophes.
Quoted next_quoted(std::string_view line) {
    for (std::size_t open = 0; (open = line.find_first_of("\"'", open)) != std::string_view::npos; ++open) {
        auto const before = line.substr(0, open).find_last_not_of(" \t");
        bool const is_place = before != std::string_view::npos &&
                              std::string_view("=[,{:").find(line[before]) != std::string_view::npos;
        if (line[open] == '\'' && !is_place) continue;
        for (auto at = open + 1; at < line.size(); ++at) {
            if (line[open] == '"' && line[at] == '\\')
                ++at;
            else if (line[at] == line[open])
                return {open, at};
        }
        return {};
    }
    return {};
}

// The bare word in front of the last ":" or "=": `name = `, `{ NAME=`; "" where a name in quotes stands.
std::string_view bare_name(std::string_view lead) {
    auto const sign = lead.find_last_of(":=");
    auto const end = sign == std::string_view::npos ? sign : lead.substr(0, sign).find_last_not_of(" \t");
    if (end == std::string_view::npos) return {};
    auto const start = lead.substr(0, end + 1).find_last_of(" \t,{[(");
    return lead.substr(start + 1, end - start);
}

// Each quoted value that is secret by its name, by the flag in front of it, or by its look. `flag` goes on
// from line to line.
std::string shown(std::string_view line, std::string& flag) {
    std::string out;
    std::string_view name;
    std::string_view last;  // in quotes
    while (true) {
        auto const [open, close] = next_quoted(line);
        if (close == std::string_view::npos) return out.append(line);
        auto const lead = line.substr(0, open);
        auto const value = line.substr(open + 1, close - open - 1);
        if (lead.find_first_of(":=") != std::string_view::npos) {
            auto const bare = bare_name(lead);
            name = bare.empty() ? last : bare;
            flag.clear();
        }
        auto const next = line.find_first_not_of(" \t", close + 1);
        bool const is_name = next != std::string_view::npos && (line[next] == ':' || line[next] == '=');
        bool const is_hidden = looks_secret(value) || names_secret(value) ||
                               (!is_name && (is_secret_name(name) || is_secret_name(flag)));
        out += fmt::format("{}{}{}{}", lead, line[open], is_hidden ? "…" : value, line[open]);
        last = value;
        flag = value.starts_with('-') ? value : std::string_view();
        line.remove_prefix(close + 1);
    }
}

std::vector<std::string> all_shown(Lines const& lines) {
    std::vector<std::string> out;
    std::string flag;
    for (auto const line : lines) {
        out.push_back(shown(line, flag));
        if (line.find('"') == std::string_view::npos && line.find('\'') == std::string_view::npos)
            flag.clear();
    }
    return out;
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
                rows.push_back({' ', j, j});
                ++i;
                ++j;
            } else if (at(i - head + 1, j - head) >= at(i - head, j - head + 1)) {
                rows.push_back({'-', i++, j});
            } else {
                rows.push_back({'+', j, j});
                ++j;
            }
        }
    }
    for (; i < a_end; ++i) rows.push_back({'-', i, j});
    for (; j < b_end; ++j) rows.push_back({'+', j, j});
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
    for (auto at = head - std::min(head, around); at < head; ++at) rows.push_back({' ', at, at});
    middle(a, b, head, a_end, b_end, rows);
    for (auto at = b_end; at < std::min(b.size(), b_end + around); ++at) rows.push_back({' ', at, at});

    auto const old_lines = all_shown(a);
    auto const new_lines = all_shown(b);
    std::vector<std::string> out;
    bool gap = true;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        auto const from = at - std::min(at, around);
        auto const to = std::min(rows.size(), at + around + 1);
        auto const near = std::any_of(rows.begin() + static_cast<std::ptrdiff_t>(from),
                                      rows.begin() + static_cast<std::ptrdiff_t>(to),
                                      [](Row const& row) { return row.sign != ' '; });
        if (near && gap) out.push_back(fmt::format("@@ line {}", rows[at].number + 1));
        if (near)
            out.push_back(fmt::format("{} {}", rows[at].sign,
                                      (rows[at].sign == '-' ? old_lines : new_lines)[rows[at].line]));
        gap = !near;
    }
    return out;
}

}  // namespace fleet::cli
