// What the guard says, in words.
#include "cli/guard/judge.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace fleet::cli {
namespace {

constexpr std::size_t lines_most = 20;

std::string reason_of(Objection const& objection, Time now) {
    if (objection.problem == "held") {
        auto const left = left_member(objection.holder, "expires_at", now);
        auto const why = text_or(objection.holder, "reason", text_or(objection.holder, "purpose", ""));
        return fmt::format("{} holds {}{}{}", printable(text_or(objection.holder, "holder", "?")),
                           printable(text_or(objection.holder, "pattern", "?")),
                           left.empty() ? "" : ", " + left, why.empty() ? "" : ": " + printable(why));
    }
    auto const commit = objection.commit.empty()
                            ? std::string()
                            : fmt::format(" (commit {})", objection.commit.substr(0, 10));
    return objection.problem == "never_held" ? "nobody held it when it was committed" + commit
                                             : "you do not hold it" + commit;
}

// As something to be typed.
std::string quoted(std::string const& path) {
    static constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+:@%,=";
    if (!path.empty() && path.find_first_not_of(plain) == std::string::npos) return path;
    std::string out = "'";
    for (char c : path) {
        if (c == '\'')
            out += "'\\''";
        else
            out += c;
    }
    return printable(valid_text(out + "'"));
}

std::string some_paths(std::vector<Objection> const& objections, bool held) {
    std::vector<std::string> names;
    std::size_t left = 0;
    for (Objection const& one : objections) {
        if ((one.problem == "held") != held) continue;
        if (names.size() < 3)
            names.push_back(quoted(one.path));
        else
            ++left;
    }
    return joined(names, " ") + (left > 0 ? " …" : "");
}

void say_next_steps(Screen& screen, Verdict const& verdict, Occasion occasion) {
    auto step = [&](std::string const& words) {
        screen.note(fmt::format("  {} {}", screen.note_style()(Ink::yellow, "→"), words));
    };
    std::set<std::string> holders;
    for (Objection const& one : verdict.objections)
        if (one.problem == "held") holders.insert(text_or(one.holder, "holder", ""));
    if (!holders.empty()) {
        auto const whom = printable(joined({holders.begin(), holders.end()}, " "));
        if (occasion == Occasion::commit)
            step(fmt::format("leave out: git restore --staged {}", some_paths(verdict.objections, true)));
        step(fmt::format("ask: fleet mail send {} -s \"May I?\"", whom));
    }
    auto const mine = some_paths(verdict.objections, false);
    if (is_unknown_pilot(verdict.who)) {
        step(verdict.who.source == PilotSource::session
                 ? "be a pilot: fleet pilots register --program NAME --model NAME"
                 : "say which one you are: FLEET_AS=CALLSIGN");
    } else if (!mine.empty()) {
        step(fmt::format("reserve them: fleet reserve {}", mine));
    }
    step(fmt::format("a person may pass by: git {} --no-verify",
                     occasion == Occasion::commit ? "commit" : "push"));
}

}  // namespace

void say_verdict(Screen& screen, Verdict const& verdict, Occasion occasion) {
    auto const what = occasion == Occasion::commit ? "this commit" : "this push";
    auto const& style = screen.note_style();
    if (verdict.failure) {
        bool const open = verdict.policy.fails_open || !verdict.policy.enforces();
        screen.note(fmt::format("{} {} was not looked at: {}", style(Ink::yellow, "fleet guard:"), what,
                                printable(verdict.failure->message)));
        screen.note(open ? "  it goes on (hook_on_failure = open)"
                         : "  it is refused (hook_on_failure = closed)");
        if (!open) {
            screen.note(
                fmt::format("  {} `fleet services up` starts the daemon; git {} --no-verify passes by",
                            style(Ink::yellow, "→"), occasion == Occasion::commit ? "commit" : "push"));
        }
        return;
    }
    if (verdict.objections.empty()) return;
    auto const count = verdict.objections.size();
    screen.note(fmt::format(
        "{} {} {} {} that {} not yours{}", style(Ink::red, "fleet guard:"), what,
        occasion == Occasion::commit ? "changes" : "carries",
        count == 1 ? "a file" : fmt::format("{} files", count), count == 1 ? "is" : "are",
        verdict.policy.enforces() ? "" : "; it goes on, because hook_policy is " + verdict.policy.policy));
    Time const now = clock_now();
    for (std::size_t i = 0; i < std::min(count, lines_most); ++i) {
        Objection const& one = verdict.objections[i];
        screen.note(fmt::format("  {} {}: {}", style(Ink::red, "✗"), printable(valid_text(one.path)),
                                reason_of(one, now)));
    }
    if (count > lines_most) screen.note(fmt::format("  … and {} more", count - lines_most));
    auto const you = verdict.who.is_pilot()
                         ? fmt::format("you are {}, {}", verdict.who.callsign, verdict.who.words())
                         : verdict.who.words();
    screen.note(fmt::format("  {}; project {}; policy {} ({})", you, printable(verdict.project),
                            verdict.policy.policy, printable(verdict.policy.policy_from)));
    say_next_steps(screen, verdict, occasion);
}

Json verdict_json(Verdict const& verdict) {
    Json items = Json::array();
    for (Objection const& one : verdict.objections) {
        Json item = one.holder.is_object() ? one.holder : Json::object();
        item["path"] = valid_text(one.path);
        item["problem"] = one.problem;
        if (!one.commit.empty()) item["commit"] = one.commit;
        items.push_back(std::move(item));
    }
    Json out{{"ok", verdict.is_good()},    {"asked", verdict.was_asked},      {"files", verdict.files},
             {"project", verdict.project}, {"policy", verdict.policy.policy}, {"items", std::move(items)}};
    if (verdict.was_asked) out["you"] = verdict.who.json();
    if (verdict.failure) out["error"] = problem_from_error(*verdict.failure);
    return out;
}

}  // namespace fleet::cli
