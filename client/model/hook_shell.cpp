// The files that a shell command obviously writes. A reader of words, not a shell: what is computed when the
// command runs (variables, substitutions, patterns) is passed over.
#include "model/shell_words.hpp"

#include <fleet/hooks.hpp>

#include <algorithm>
#include <initializer_list>
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

    void file(ShellWord const& word) {
        if (!word.is_literal || word.text.empty() || word.text == "-") return;
        if (!is_known_) return;
        auto path =
            word.text.starts_with('/') || directory_.empty() ? word.text : directory_ + "/" + word.text;
        if (std::ranges::find(files, path) == files.end()) files.push_back(std::move(path));
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

    static std::vector<ShellWord> plain(std::vector<ShellWord> const& operands) {
        std::vector<ShellWord> found;
        bool options_end = false;
        for (ShellWord const& one : operands) {
            if (!options_end && one.text == "--")
                options_end = true;
            else if (options_end || !one.text.starts_with('-'))
                found.push_back(one);
        }
        return found;
    }

    static bool has_option(std::vector<ShellWord> const& operands, char letter, std::string_view word) {
        return std::ranges::any_of(operands, [&](ShellWord const& one) {
            if (one.text.starts_with("--")) return one.text.substr(2, word.size()) == word;
            return one.text.starts_with('-') && one.text.find(letter) != std::string::npos;
        });
    }

    void run(std::string_view name, std::vector<ShellWord> const& operands) {
        auto const names = plain(operands);
        if (name == "cd" || name == "pushd") return change_directory(names);
        if (is_one_of(name,
                      {"rm", "touch", "tee", "truncate", "unlink", "rmdir", "shred", "git-rm", "chmod"})) {
            bool const has_mode = name == "chmod";
            for (std::size_t n = has_mode ? 1 : 0; n < names.size(); ++n) file(names[n]);
        } else if (is_one_of(name, {"mv", "git-mv"})) {
            for (ShellWord const& one : names) file(one);
        } else if (is_one_of(name, {"cp", "ln", "install", "rsync"})) {
            if (names.size() > 1) file(names.back());
        } else if (name == "sed" || name == "perl") {
            edited_in_place(name, operands, names);
        } else if (name == "dd") {
            for (ShellWord one : operands)
                if (one.text.starts_with("of=")) {
                    one.text.erase(0, 3);
                    file(one);
                }
        } else if (is_one_of(name, {"git-checkout", "git-restore"})) {
            restored(operands);
        }
    }

    void change_directory(std::vector<ShellWord> const& names) {
        if (names.empty() || !names.front().is_literal || names.front().text == "-") {
            is_known_ = false;
            return;
        }
        auto const& to = names.front().text;
        if (to.starts_with('/')) is_known_ = true;
        directory_ = to.starts_with('/') || directory_.empty() ? to : directory_ + "/" + to;
    }

    // sed -i 's/a/b/' FILE…, perl -pi -e '…' FILE…: the first operand is the script, unless -e or -f gave
    // it.
    void edited_in_place(std::string_view name, std::vector<ShellWord> const& operands,
                         std::vector<ShellWord> names) {
        bool in_place = false;
        bool has_script = false;
        for (std::size_t n = 0; n < operands.size(); ++n) {
            auto const& text = operands[n].text;
            if (!text.starts_with('-')) continue;
            bool const is_long = text.starts_with("--");
            in_place |= is_long ? text.starts_with("--in-place") : text.find('i') != std::string::npos;
            bool const takes_script = is_long ? text == "--expression" || text == "--file"
                                              : text.ends_with('e') || text.ends_with('f');
            has_script |= takes_script;
            if (!takes_script || n + 1 >= operands.size()) continue;
            auto const script = std::ranges::find(names, operands[n + 1].text, &ShellWord::text);
            if (script != names.end()) names.erase(script);
        }
        if (!in_place) return;
        for (std::size_t n = has_script || name == "perl" ? 0 : 1; n < names.size(); ++n) file(names[n]);
    }

    // git checkout -- FILE…, git restore FILE…: back to what was committed.
    void restored(std::vector<ShellWord> const& operands) {
        auto const dashes = std::ranges::find(operands, "--", &ShellWord::text);
        if (dashes == operands.end()) return;
        for (auto one = std::next(dashes); one != operands.end(); ++one) file(*one);
    }

    std::string directory_{};
    bool is_known_ = true;  // where the shell is
};

}  // namespace

std::vector<std::string> shell_writes(std::string_view command) {
    Writes writes;
    std::vector<ShellWord> simple;
    auto words = shell_words(command);
    for (std::size_t n = 0; n < words.size(); ++n) {
        ShellWord& one = words[n];
        if (!one.is_operator) {
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
    }
    writes.command(std::move(simple));
    return std::move(writes.files);
}

}  // namespace fleet
