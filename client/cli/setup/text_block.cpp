#include "cli/setup/text_block.hpp"

#include "cli/setup/json_tree.hpp"
#include "cli/setup/ours.hpp"

#include <fmt/format.h>

#include <charconv>

namespace fleet::cli {
namespace {

constexpr std::string_view begins = "<!-- BEGIN FLEETTOOLS v";
constexpr std::string_view ends = "<!-- END FLEETTOOLS -->";

// From the first marker to the end of the last one, without a line end.
struct Region {
    std::size_t begin = 0;
    std::size_t end = 0;
    TextBlock block{};
};

Error unbalanced(std::string const& name, std::string const& text, std::size_t at, std::string_view what) {
    auto error = make_error(ErrorCode::not_configured, fmt::format("{}: {}", place_in(name, text, at), what));
    error.hint = "Remove the stray marker, then run this again; the file was left as it is.";
    return error;
}

Result<std::optional<Region>> find_region(std::string const& text, std::string const& name) {
    auto const begin = text.find(begins);
    auto const end = text.find(ends);
    if (begin == std::string::npos && end == std::string::npos) return std::optional<Region>{};
    if (begin == std::string::npos) return unbalanced(name, text, end, "this marker has no beginning");
    if (end == std::string::npos || end < begin)
        return unbalanced(name, text, begin, "this marker has no end behind it");
    for (auto const& [marker, first] : {std::pair{begins, begin}, std::pair{ends, end}})
        if (auto const second = text.find(marker, first + 1); second != std::string::npos)
            return unbalanced(name, text, second, "this marker stands twice");
    Region region;
    region.begin = begin;
    region.end = end + ends.size();
    auto const* digits = text.data() + begin + begins.size();
    std::from_chars(digits, text.data() + text.size(), region.block.version);
    auto const line = text.find('\n', begin);
    if (line != std::string::npos && line < end) {
        auto last = text.find_last_not_of("\r\n", end - 1);
        if (last != std::string::npos && last > line) region.block.body = text.substr(line + 1, last - line);
    }
    return std::optional<Region>(std::move(region));
}

std::string rendered(std::string const& body, std::string const& newline) {
    std::string out = fmt::format("{}{} (`fleet setup` keeps what stands between these lines) -->\n{}\n{}",
                                  begins, setup_version, body, ends);
    if (newline == "\n") return out;
    for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos; at += newline.size())
        out.replace(at, 1, newline);
    return out;
}

}  // namespace

Result<std::optional<TextBlock>> read_block(std::string const& text, std::string const& name) {
    auto region = find_region(text, name);
    if (!region) return region.error();
    if (!*region) return std::optional<TextBlock>{};
    auto block = std::move((*region)->block);
    for (std::size_t at = 0; (at = block.body.find("\r\n", at)) != std::string::npos;)
        block.body.erase(at, 1);
    return std::optional<TextBlock>(std::move(block));
}

Result<std::string> with_block(std::string const& text, std::string const& name, std::string const& body) {
    auto const region = find_region(text, name);
    if (!region) return region.error();
    auto const newline = newline_of(text);
    auto const block = rendered(body, newline);
    auto out = text;
    if (*region) return out.replace((*region)->begin, (*region)->end - (*region)->begin, block);
    if (!out.empty() && out.back() != '\n') out += newline;
    if (!out.empty()) out += newline;
    return out + block + newline;
}

Result<std::string> without_block(std::string const& text, std::string const& name) {
    auto const region = find_region(text, name);
    if (!region) return region.error();
    if (!*region) return text;
    auto begin = (*region)->begin;
    auto end = (*region)->end;
    auto const newline = newline_of(text);
    if (text.compare(end, newline.size(), newline) == 0) end += newline.size();
    // The blank line that with_block has put above.
    auto const blank = newline + newline;
    if (begin >= blank.size() && text.compare(begin - blank.size(), blank.size(), blank) == 0)
        begin -= newline.size();
    auto out = text;
    return out.erase(begin, end - begin);
}

}  // namespace fleet::cli
