#include "cli/setup/own_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

// One word of a shell as a setup writes it: plain, or in single quotes.
std::optional<std::string> plain_word(std::string_view word) {
    bool const is_quoted = word.size() > 2 && word.front() == '\'' && word.back() == '\'';
    if (is_quoted) word = word.substr(1, word.size() - 2);
    auto const is_plain = [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("_./-+@").find(static_cast<char>(c)) != std::string_view::npos;
    };
    bool const good =
        is_quoted ? word.find('\'') == word.npos : std::all_of(word.begin(), word.end(), is_plain);
    if (!good || word.empty()) return std::nullopt;
    return std::string(word);
}

}  // namespace

std::optional<std::string> program_of_hook(std::string_view line, std::string_view client) {
    auto const call = fmt::format(" hook {}/", client);
    auto const at = line.rfind(call);
    if (at == line.npos) return std::nullopt;
    auto const event = line.substr(at + call.size());
    auto const is_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '-'; };
    if (event.empty() || !std::all_of(event.begin(), event.end(), is_name)) return std::nullopt;
    auto head = line.substr(0, at);
    constexpr std::string_view asks = "command -v ";
    constexpr std::string_view silent = " >/dev/null 2>&1 || exit 0; ";
    if (head.starts_with(asks)) {
        auto const end = head.find(silent);
        if (end == head.npos) return std::nullopt;
        auto const first = head.substr(asks.size(), end - asks.size());
        head = head.substr(end + silent.size());
        if (first != head) return std::nullopt;
    }
    return plain_word(head);
}

bool is_this_program(std::string const& word) {
    std::error_code error;
    if (word.empty() || (word.find('/') != word.npos && word.front() != '/')) return false;
    auto const found = word.front() == '/' ? std::optional<fs::path>(word) : in_path(word);
    if (!found || !fs::exists(*found, error)) return true;
    return fs::equivalent(*found, "/proc/self/exe", error);
}

std::optional<fs::path> in_path(std::string const& name) {
    char const* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    std::error_code error;
    for (std::string folder; std::getline(folders, folder, ':');)
        if (!folder.empty() && fs::is_regular_file(fs::path(folder) / name, error))
            return fs::path(folder) / name;
    return std::nullopt;
}

}  // namespace fleet::cli
