#include "model/shell_words.hpp"

#include <algorithm>

namespace fleet {

namespace {

constexpr std::string_view computed = "$`*?[{~";

class Words {
public:
    explicit Words(std::string_view text, std::size_t level = 0) : rest_(text), level_(level) {}

    std::vector<ShellWord> all() {
        while (!rest_.empty()) step();
        end_word();
        return std::move(words_);
    }

    // What stands behind the bracket that ends a command within "$(…)".
    std::string_view behind_bracket() {
        while (!rest_.empty() && open_ >= 0) step();
        return rest_;
    }

private:
    void step() {
        char const c = take();
        if (c == '\\' && !rest_.empty()) {
            char const next = take();
            if (next != '\n') put(next);
        } else if (c == '\'') {
            has_word_ = true;
            while (!rest_.empty() && rest_.front() != '\'') put(take());
            if (!rest_.empty()) take();
        } else if (c == '"') {
            quoted();
        } else if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
        } else if (c == '#' && !has_word_) {
            while (!rest_.empty() && rest_.front() != '\n') take();
        } else if (c == '(' && calculates()) {
            calculation();
        } else if (c == '\n' || c == ';' || c == '(' || c == ')') {
            open_ += c == '(' ? 1 : c == ')' ? -1 : 0;
            operate(std::string(1, c));
            if (c == '\n') skip_documents();
        } else if (c == '&' || c == '|') {
            pipe_or_and(c);
        } else if (c == '>' || c == '<') {
            redirect(c);
        } else {
            if (computed.find(c) != std::string_view::npos) word_.is_literal = false;
            put(c);
        }
    }

    void quoted() {
        has_word_ = true;
        while (!rest_.empty() && rest_.front() != '"') {
            char c = take();
            if (c == '\\' && !rest_.empty())
                c = take();
            else if (c == '$' || c == '`')
                word_.is_literal = false;
            put(c);
            if (c == '$' && rest_.starts_with('(')) skip_command();
        }
        if (!rest_.empty()) take();
    }

    // "$(…)": what it prints is computed, and its quotes and here-documents are its own.
    void skip_command() {
        constexpr std::size_t levels_max = 16;
        if (level_ >= levels_max) return;
        take();
        rest_ = Words(rest_, level_ + 1).behind_bracket();
    }

    // Behind the first bracket of "((a > b))", which compares, other than "((a > b); c)".
    bool calculates() const {
        constexpr std::size_t longest = 300;
        if (!rest_.starts_with('(')) return false;
        int open = 1;
        std::size_t inner_end = 0;
        for (std::size_t n = 0; n < std::min(rest_.size(), longest); ++n) {
            open += rest_[n] == '(' ? 1 : rest_[n] == ')' ? -1 : 0;
            if (rest_[n] != ')') continue;
            if (open == 0) return inner_end + 1 == n;
            if (open == 1 && inner_end == 0) inner_end = n;
        }
        return false;
    }

    void calculation() {
        for (int open = 1; open > 0;) {
            char const c = take();
            open += c == '(' ? 1 : c == ')' ? -1 : 0;
        }
        has_word_ = true;
        word_.is_literal = false;
    }

    void pipe_or_and(char c) {
        std::string mark(1, c);
        // &> and &>> redirect both outputs.
        if (c == '&' && rest_.starts_with('>')) {
            take();
            if (rest_.starts_with('>')) take();
            return operate(">");
        }
        if (rest_.starts_with(c)) mark += take();
        operate(std::move(mark));
    }

    void redirect(char c) {
        // The number in front is which output it is, not a word.
        bool const is_number = !word_.text.empty() && std::ranges::all_of(word_.text, [](char digit) {
            return digit >= '0' && digit <= '9';
        });
        if (is_number) drop_word();
        if (c == '<') return input();
        if (rest_.starts_with('>') || rest_.starts_with('|')) take();
        // 2>&1 names no file.
        if (rest_.starts_with('&')) {
            while (!rest_.empty() &&
                   std::string_view(" \t\n;|)").find(rest_.front()) == std::string_view::npos)
                take();
            return end_word();
        }
        operate(">");
    }

    void input() {
        if (rest_.starts_with("<<")) {  // <<< takes a word
            rest_.remove_prefix(2);
            return operate("<");
        }
        if (!rest_.starts_with('<')) return operate("<");
        take();
        if (rest_.starts_with('-')) take();
        while (rest_.starts_with(' ')) take();
        end_word();
        std::string mark;
        while (!rest_.empty() &&
               std::string_view(" \t\n;|&<>)").find(rest_.front()) == std::string_view::npos) {
            char const c = take();
            if (c != '\'' && c != '"' && c != '\\') mark += c;
        }
        documents_.push_back(std::move(mark));
    }

    // What stands in a here-document is data.
    void skip_documents() {
        for (auto const& mark : documents_) {
            while (!rest_.empty()) {
                auto const end = std::min(rest_.find('\n'), rest_.size());
                auto line = rest_.substr(0, end);
                rest_.remove_prefix(std::min(end + 1, rest_.size()));
                while (line.starts_with('\t')) line.remove_prefix(1);
                if (line == mark) break;
            }
        }
        documents_.clear();
    }

    char take() {
        char const c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    void put(char c) {
        word_.text += c;
        has_word_ = true;
    }
    void drop_word() {
        word_ = ShellWord();
        has_word_ = false;
    }
    void end_word() {
        if (has_word_) words_.push_back(std::move(word_));
        drop_word();
    }
    void operate(std::string mark) {
        end_word();
        ShellWord one;
        one.text = std::move(mark);
        one.is_operator = true;
        words_.push_back(std::move(one));
    }

    std::string_view rest_;
    std::size_t level_;
    int open_ = 0;  // brackets
    std::vector<ShellWord> words_{};
    std::vector<std::string> documents_{};
    ShellWord word_{};
    bool has_word_ = false;
};

}  // namespace

std::vector<ShellWord> shell_words(std::string_view command) {
    return Words(command).all();
}

}  // namespace fleet
