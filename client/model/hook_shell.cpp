// The files that a shell command obviously writes. A reader of words, not a shell: what is computed when the
// command runs (variables, substitutions, patterns) is passed over.
#include "model/shell_words.hpp"

#include <fleet/hooks.hpp>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>

namespace fleet {

namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

// The reader of simple commands, one after the other.
class Writes {
public:
    std::vector<std::string> files{};

    void command(std::vector<ShellWord> words) {
        auto at = words.begin();
        // Assignments and words that run another command stand in front.
        while (at != words.end() && (at->text.find('=') != std::string::npos ||
                                     is_one_of(at->text, {"sudo", "env", "command", "exec", "nohup", "time",
                                                          "then", "do", "else", "!", "{", "nice"})))
            ++at;
        if (at == words.end() || !at->is_literal) return;
        auto name = at->text.substr(at->text.rfind('/') + 1);
        std::vector<ShellWord> operands(std::next(at), words.end());
        if (name == "git") name = git_command(operands);
        run(name, operands);
    }

    // A bracket runs its commands in a shell of their own: where they go is forgotten behind it.
    void enter() { outside_.push_back({directory_, is_known_}); }
    void leave() {
        if (outside_.empty()) return;
        directory_ = std::move(outside_.back().directory);
        is_known_ = outside_.back().is_known;
        outside_.pop_back();
    }

    void file(ShellWord const& word) {
        if (!word.is_literal || word.text.empty() || word.text == "-") return;
        if (!is_known_) return;
        auto path =
            word.text.starts_with('/') || directory_.empty() ? word.text : directory_ + "/" + word.text;
        if (seen_.insert(path).second) files.push_back(std::move(path));
    }

private:
    // "git-mv" and the like; what is left are its operands.
    static std::string git_command(std::vector<ShellWord>& operands) {
        while (operands.size() > 1 && operands.front().text == "-C") return {};  // elsewhere
        if (operands.empty()) return {};
        auto name = "git-" + operands.front().text;
        operands.erase(operands.begin());
        return name;
    }

    // The operands that are no options, nor the values that options take; `letters` are those that take one.
    static std::vector<ShellWord> plain(std::vector<ShellWord> const& operands, std::string_view letters) {
        std::vector<ShellWord> found;
        bool options_end = false;
        for (std::size_t n = 0; n < operands.size(); ++n) {
            auto const& text = operands[n].text;
            if (options_end || !text.starts_with('-'))
                found.push_back(operands[n]);
            else if (text == "--")
                options_end = true;
            else if (takes_value(text, letters))
                ++n;
        }
        return found;
    }

    static bool takes_value(std::string_view option, std::string_view letters) {
        if (option.starts_with("--"))
            return is_one_of(option, {"--size", "--reference", "--date", "--mode", "--owner", "--group",
                                      "--suffix", "--iterations", "--target-directory", "--rsh"});
        return option.size() > 1 && letters.find(option.back()) != std::string_view::npos;
    }

    static std::string_view value_letters(std::string_view name) {
        if (name == "touch") return "drt";
        if (name == "truncate") return "sr";
        if (name == "shred") return "ns";
        if (name == "install") return "mogSt";
        if (name == "rsync") return "efM";
        return is_one_of(name, {"cp", "mv", "ln"}) ? "St" : "";
    }

    static bool has_option(std::vector<ShellWord> const& operands, char letter, std::string_view word) {
        return std::ranges::any_of(operands, [&](ShellWord const& one) {
            if (one.text.starts_with("--")) return one.text.substr(2, word.size()) == word;
            return one.text.starts_with('-') && one.text.find(letter) != std::string::npos;
        });
    }

    // -t DIRECTORY: where everything goes.
    static std::optional<ShellWord> target(std::vector<ShellWord> const& operands) {
        constexpr std::string_view word = "--target-directory";
        for (std::size_t n = 0; n < operands.size(); ++n) {
            auto const& text = operands[n].text;
            bool const is_long = text.starts_with(word);
            if (is_long && text.size() > word.size())
                return ShellWord{text.substr(word.size() + 1), operands[n].is_literal};
            bool const is_short =
                text.size() > 1 && text.front() == '-' && text[1] != '-' && text.back() == 't';
            if ((is_long || is_short) && n + 1 < operands.size()) return operands[n + 1];
        }
        return std::nullopt;
    }

    void run(std::string_view name, std::vector<ShellWord> const& operands) {
        auto const names = plain(operands, value_letters(name));
        if (name == "cd" || name == "pushd") return change_directory(names);
        if (name == "popd") is_known_ = false;
        if (is_one_of(name, {"rm", "touch", "tee", "truncate", "unlink", "rmdir", "shred"})) {
            for (ShellWord const& one : names) file(one);
        } else if (name == "chmod") {
            for (std::size_t n = names_mode(operands) ? 0 : 1; n < names.size(); ++n) file(names[n]);
        } else if (name == "git-rm") {
            // What is only taken off the index stays as it is.
            if (has_option(operands, 'n', "dry-run") || has_option(operands, '\0', "cached")) return;
            for (ShellWord const& one : names) file(one);
        } else if (name == "git-mv") {
            if (has_option(operands, 'n', "dry-run")) return;
            for (ShellWord const& one : names) file(one);
        } else if (name == "mv") {
            for (ShellWord const& one : names) file(one);
            if (auto const to = target(operands)) file(*to);
        } else if (is_one_of(name, {"cp", "ln", "install", "rsync"})) {
            auto const to = name == "rsync" ? std::nullopt : target(operands);
            if (to)
                file(*to);
            else if (names.size() > 1)
                file(names.back());
        } else if (name == "sed" || name == "perl") {
            edited_in_place(name == "perl", operands);
        } else if (name == "dd") {
            for (ShellWord one : operands)
                if (one.text.starts_with("of=")) {
                    one.text.erase(0, 3);
                    file(one);
                }
        } else if (is_one_of(name, {"git-checkout", "git-restore"})) {
            restored(name, operands);
        }
    }

    // chmod -x FILE, chmod --reference=OTHER FILE: no operand is the mode.
    static bool names_mode(std::vector<ShellWord> const& operands) {
        return std::ranges::any_of(operands, [](ShellWord const& one) {
            if (one.text.starts_with("--reference")) return true;
            return one.text.size() > 1 && one.text.front() == '-' &&
                   one.text.find_first_not_of("rwxXst", 1) == std::string::npos;
        });
    }

    void change_directory(std::vector<ShellWord> const& names) {
        if (names.empty() || !names.front().is_literal || names.front().text == "-") {
            is_known_ = false;
            return;
        }
        auto const& to = names.front().text;
        if (to.starts_with('/')) is_known_ = true;
        directory_ = to.starts_with('/') || directory_.empty() ? to : directory_ + "/" + to;
        if (directory_.size() <= directory_longest) return;
        directory_.clear();
        is_known_ = false;
    }

    // sed -i 's/a/b/' FILE…, perl -pi -e '…' FILE…: the first operand is the script, unless an option gave
    // it. perl's options end with its first operand.
    void edited_in_place(bool is_perl, std::vector<ShellWord> const& operands) {
        bool in_place = false;
        bool has_script = false;
        bool options_end = false;
        std::vector<ShellWord> names;
        for (std::size_t n = 0; n < operands.size(); ++n) {
            auto const& text = operands[n].text;
            if (options_end || text.size() < 2 || !text.starts_with('-')) {
                options_end = options_end || is_perl;
                // BSD's sed takes '' for "no other name".
                if (!text.empty()) names.push_back(operands[n]);
            } else if (text == "--") {
                options_end = true;
            } else if (text.starts_with("--")) {
                in_place = in_place || text.starts_with("--in-place");
                bool const is_script = text.starts_with("--expression") || text.starts_with("--file");
                has_script = has_script || is_script;
                if (is_script && text.find('=') == std::string::npos) ++n;
            } else {
                auto const at = first_value(is_perl, text);
                char const letter = at < text.size() ? text[at] : ' ';
                bool const is_script = letter == 'e' || letter == (is_perl ? 'E' : 'f');
                in_place = in_place || letter == 'i';
                has_script = has_script || is_script;
                if ((is_script || letter == 'l') && at + 1 == text.size()) ++n;
            }
        }
        if (!in_place) return;
        for (std::size_t n = has_script ? 0 : 1; n < names.size(); ++n) file(names[n]);
    }

    // The letter whose value is the rest of the option, as in -i.bak and -es/a/b/.
    static std::size_t first_value(bool is_perl, std::string_view option) {
        return std::min(option.find_first_of(is_perl ? "ieEMmIxCdDFV" : "iefl", 1), option.size());
    }

    // git checkout -- FILE…, git restore FILE…: back to what was committed.
    void restored(std::string_view name, std::vector<ShellWord> const& operands) {
        auto const dashes = std::ranges::find(operands, "--", &ShellWord::text);
        if (dashes == operands.end()) return;
        std::vector<ShellWord> const options(operands.begin(), dashes);
        // What is only taken off the index stays as it is.
        bool const is_staged = name == "git-restore" && has_option(options, 'S', "staged");
        if (is_staged && !has_option(options, 'W', "worktree")) return;
        for (auto one = std::next(dashes); one != operands.end(); ++one) file(*one);
    }

    struct Place {
        std::string directory{};
        bool is_known = true;
    };
    std::vector<Place> outside_{};                           // of each bracket that is open
    static constexpr std::size_t directory_longest = 4'096;  // as the kernel has it
    std::set<std::string> seen_{};
    std::string directory_{};
    bool is_known_ = true;  // where the shell is
};

}  // namespace

std::vector<std::string> shell_writes(std::string_view command) {
    Writes writes;
    std::vector<ShellWord> simple;
    bool is_test = false;
    auto words = shell_words(command);
    for (std::size_t n = 0; n < words.size(); ++n) {
        ShellWord& one = words[n];
        // [[ a > b ]] compares.
        if (is_test && one.is_operator && (one.text == ">" || one.text == "<")) continue;
        if (!one.is_operator) {
            is_test = one.text == "[[" || (is_test && one.text != "]]");
            simple.push_back(std::move(one));
            continue;
        }
        if (one.text == ">" || one.text == "<") {
            bool const has_name = n + 1 < words.size() && !words[n + 1].is_operator;
            if (has_name && one.text == ">") writes.file(words[n + 1]);
            n += has_name ? 1 : 0;
            continue;
        }
        writes.command(std::move(simple));
        simple.clear();
        is_test = false;
        if (one.text == "(") writes.enter();
        if (one.text == ")") writes.leave();
    }
    writes.command(std::move(simple));
    return std::move(writes.files);
}

}  // namespace fleet
