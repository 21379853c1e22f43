#include "cli/guard/hook_files.hpp"

#include <fmt/format.h>

namespace fleet::cli {
namespace {

std::string in_quotes(std::string const& text) {
    std::string out = "'";
    for (char c : text) {
        if (c == '\'')
            out += "'\\''";
        else
            out += c;
    }
    return out + "'";
}

constexpr std::string_view head = R"(#!/bin/sh
# fleet-guard 1
# Put here by `fleet guard install`; `fleet guard uninstall` takes it away again. The hook that was here
# before is {0}.fleet-kept: it runs first, with the same arguments and input.
name={0}
kept=$(dirname -- "$0")/$name.fleet-kept
fleet={1}
)";

constexpr std::string_view body = R"(
run_kept() {
    [ -f "$kept" ] && [ -x "$kept" ] || return 0
    first=
    IFS= read -r first <"$kept" 2>/dev/null
    case $first in
    '#!'*/sh | '#!'*/bash | '#!'*/dash | '#!'*' sh' | '#!'*' bash' | '#!'*/sh\ -[a-z]* | '#!'*/bash\ -[a-z]*)
        # Read in, not started: scripts ask $0 for their name and their folder.
        FLEET_KEPT=$kept ${first#??} -c 'fleet_kept=$FLEET_KEPT; unset FLEET_KEPT; . "$fleet_kept"' "$0" "$@"
        ;;
    *) "$kept" "$@" ;;
    esac
}

guard() {
    [ -x "$fleet" ] || fleet=$(command -v fleet) || fleet=
    [ -z "$fleet" ] || exec "$fleet" guard run "$name" -- "$@"
    echo "fleet guard: the program fleet is not here any more, so nothing was looked at." >&2
    echo "  install it again, or remove this hook: $0" >&2
    ! grep -qs "^ *hook_on_failure *= *[\"']closed[\"']" .fleet/config.toml
}
)";

constexpr std::string_view tail_commit = R"(
run_kept "$@" || exit $?
guard "$@"
)";

constexpr std::string_view tail_push = R"(
# What git says on the standard input is for both.
input=$(cat && echo .)
input=${input%.}
printf %s "$input" 2>/dev/null | run_kept "$@" || exit $?
printf %s "$input" | guard "$@"
)";

}  // namespace

std::string hook_script(std::string_view name, fs::path const& program) {
    auto text = fmt::format(head, name, in_quotes(program.string()));
    text += body;
    text += name == "pre-push" ? tail_push : tail_commit;
    return text;
}

}  // namespace fleet::cli
