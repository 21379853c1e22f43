#include "cli/completion.hpp"

#include <fmt/format.h>

#include <functional>
#include <vector>

namespace fleet::cli {
namespace {

std::vector<CLI::App const*> commands_of(CLI::App const& app) {
    std::vector<CLI::App const*> out;
    for (CLI::App const* one : app.get_subcommands([](CLI::App const*) { return true; })) {
        if (!one->get_group().empty()) out.push_back(one);
    }
    return out;
}

std::vector<std::string> flags_of(CLI::App const& app) {
    std::vector<std::string> out;
    for (CLI::Option const* option : app.get_options([](CLI::Option const*) { return true; })) {
        for (std::string const& name : option->get_lnames()) out.push_back("--" + name);
    }
    return out;
}

std::string words_of(CLI::App const& app, CLI::App const& root) {
    std::string out;
    auto add = [&](std::string const& word) { out += (out.empty() ? "" : " ") + word; };
    for (CLI::App const* one : commands_of(app)) {
        add(one->get_name());
        for (std::string const& alias : one->get_aliases()) add(alias);
    }
    for (std::string const& flag : flags_of(app)) add(flag);
    if (&app != &root) {
        for (std::string const& flag : flags_of(root)) {
            if (flag != "--help" && flag != "--version") add(flag);
        }
    }
    return out;
}

// Calls `visit` for each command with the words that lead to it: "", " services", " services up".
void walk(CLI::App const& app, std::string const& path,
          std::function<void(CLI::App const&, std::string const&)> const& visit) {
    visit(app, path);
    for (CLI::App const* one : commands_of(app)) {
        walk(*one, path + " " + one->get_name(), visit);
        for (std::string const& alias : one->get_aliases()) walk(*one, path + " " + alias, visit);
    }
}

std::string quoted(std::string text, std::string_view quote, std::string_view escaped) {
    for (auto at = text.find(quote); at != std::string::npos; at = text.find(quote, at + escaped.size())) {
        text.replace(at, quote.size(), escaped);
    }
    return text;
}

}  // namespace

std::string bash_completion(CLI::App const& root) {
    std::string paths;
    std::string words;
    auto visit = [&](CLI::App const& app, std::string const& path) {
        if (!path.empty()) paths += (paths.empty() ? "" : "|") + fmt::format("\"{}\"", path);
        words += fmt::format("        \"{}\") words=\"{}\" ;;\n", path, words_of(app, root));
    };
    walk(root, "", visit);
    return fmt::format(
        "# bash completion of fleet: fleet completion bash\n"
        "_fleet() {{\n"
        "    local current=\"${{COMP_WORDS[COMP_CWORD]}}\" path=\"\" words=\"\" word\n"
        "    for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
        "        case \"$path $word\" in\n"
        "        {}) path=\"$path $word\" ;;\n"
        "        esac\n"
        "    done\n"
        "    case \"$path\" in\n{}"
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "}}\n"
        "complete -o default -o bashdefault -F _fleet fleet\n",
        paths, words);
}

std::string zsh_completion(CLI::App const& root) {
    std::string cases;
    std::string paths;
    auto visit = [&](CLI::App const& app, std::string const& path) {
        if (!path.empty()) paths += (paths.empty() ? "" : "|") + fmt::format("\"{}\"", path);
        std::string words;
        for (CLI::App const* one : commands_of(app)) {
            words += fmt::format(" '{}:{}'", one->get_name(), quoted(one->get_description(), "'", "'\\''"));
        }
        cases += fmt::format("    \"{}\") choices=({}) flags=({}) ;;\n", path, words, [&] {
            std::string flags;
            for (std::string const& flag : flags_of(app)) flags += " '" + flag + "'";
            return flags;
        }());
    };
    walk(root, "", visit);
    return fmt::format(
        "#compdef fleet\n"
        "# zsh completion of fleet: fleet completion zsh\n"
        "_fleet() {{\n"
        "    local place=\"\" word\n"
        "    local -a choices flags\n"
        "    for word in \"${{(@)words[2,CURRENT-1]}}\"; do\n"
        "        case \"$place $word\" in\n"
        "        {}) place=\"$place $word\" ;;\n"
        "        esac\n"
        "    done\n"
        "    case \"$place\" in\n{}"
        "    esac\n"
        "    (( $#choices )) && _describe command choices\n"
        "    [[ \"$PREFIX\" == -* ]] && compadd -- $flags --json --quiet --project --as -C\n"
        "    (( $#choices )) || _files\n"
        "}}\n"
        "_fleet \"$@\"\n",
        paths, cases);
}

std::string fish_completion(CLI::App const& root) {
    std::string out =
        "# fish completion of fleet: fleet completion fish\n"
        "function __fleet_at\n"
        "    set -l words (commandline -opc)\n"
        "    set -l path\n"
        "    for word in $words[2..-1]\n"
        "        string match -q -- '-*' $word; or set -a path $word\n"
        "    end\n"
        "    test \"$path\" = \"$argv\"\n"
        "end\n";
    auto visit = [&](CLI::App const& app, std::string const& path) {
        for (CLI::App const* one : commands_of(app)) {
            out += fmt::format("complete -c fleet -f -n '__fleet_at{}' -a {} -d '{}'\n", path,
                               one->get_name(), quoted(one->get_description(), "'", "\\'"));
        }
        for (CLI::Option const* option : app.get_options([](CLI::Option const*) { return true; })) {
            for (std::string const& name : option->get_lnames()) {
                auto condition = &app == &root ? std::string() : fmt::format(" -n '__fleet_at{}'", path);
                out += fmt::format("complete -c fleet{} -l {} -d '{}'\n", condition, name,
                                   quoted(option->get_description(), "'", "\\'"));
            }
        }
    };
    walk(root, "", visit);
    return out;
}

}  // namespace fleet::cli
