// fleet sorties request-review, review, complete, fail, retry, cancel: how work ends.
#include "cli/commands/work_screen.hpp"
#include "cli/context.hpp"
#include "cli/input.hpp"
#include "cli/lease.hpp"
#include "cli/menu.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fleet::cli {
namespace {

struct EndFlags {
    std::string sortie{};
    std::int64_t token = 0;
    std::string summary{};
    std::string result{};
    std::vector<std::string> files{};
    std::vector<std::string> evidence{};
    std::string reviewer{};
};

void said(Context& context, Json const& answer, std::string_view words) {
    Screen& screen = context.screen();
    screen.document(answer);
    screen.done(fmt::format("{} {}", titled(screen, answer, "sortie_id"), words));
    note_consequences(screen, answer);
}

int hand_in(Context& context, char const* operation, EndFlags const& flags) {
    auto held = held_lease(context, sortie_lease, flags.sortie, flags.token);
    Json args = Json::object();
    put(args, "summary", text_argument(flags.summary));
    put(args, "files_touched", paths_of(context, flags.files));
    put(args, "reviewer", flags.reviewer);
    if (!flags.evidence.empty()) args["evidence"] = evidence_of(flags.evidence);
    if (!flags.result.empty()) args["result"] = json_argument(flags.result, "--result");
    Json answer = call_held(context, sortie_lease, operation, std::move(args), held);
    said(context, answer,
         text_or(answer, "status", "") == "review" ? "waits for its review" : "is completed");
    return 0;
}

struct FailFlags {
    std::string sortie{};
    std::int64_t token = 0;
    std::string message{};
    std::string kind = "error";
    std::string command{};
    std::string detail{};
    bool final = false;
};

int fail(Context& context, FailFlags const& flags) {
    auto held = held_lease(context, sortie_lease, flags.sortie, flags.token);
    Json error{{"kind", flags.kind}, {"message", text_argument(flags.message)}};
    put(error, "command", flags.command);
    if (!flags.detail.empty()) error["detail"] = json_argument(flags.detail, "--detail");
    Json args{{"error", std::move(error)}};
    if (flags.final) args["final"] = true;
    Json answer = call_held(context, sortie_lease, "sorties.fail", std::move(args), held);
    said(context, answer,
         text_or(answer, "status", "") == "pending" ? "failed, and is to be had again" : "has failed");
    return 0;
}

struct ReviewFlags {
    std::vector<std::string> words{};
    std::string feedback{};
    std::vector<std::string> issues{};
};

// The only sortie that waits for a verdict of this caller.
std::string the_one_in_review(Context& context) {
    Json page = context.call("sorties.list",
                             {{"project", context.require_project()}, {"status", "review"}, {"limit", 2}});
    if (page.at("items").size() == 1) return text_or(page.at("items").front(), "sortie_id", "");
    bool none = page.at("items").empty();
    refuse(none ? ErrorCode::not_found : ErrorCode::usage,
           none ? "no sortie waits for a review" : "several sorties wait for a review",
           none ? "`fleet sorties list --all` shows them all."
                : "Name one: fleet sorties review SORTIE VERDICT. "
                  "`fleet sorties list --status review` shows them.");
}

// "x7k2pq approved", "approved x7k2pq" or "approved".
int review(Context& context, ReviewFlags const& flags) {
    constexpr std::array<std::string_view, 3> verdicts{"approved", "rejected", "needs_changes"};
    std::string verdict;
    std::string sortie;
    for (std::string word : flags.words) {
        std::string plain = word;
        std::replace(plain.begin(), plain.end(), '-', '_');
        bool known = verdict.empty() && std::find(verdicts.begin(), verdicts.end(), plain) != verdicts.end();
        (known ? verdict : sortie) = known ? plain : word;
    }
    if (verdict.empty() || flags.words.size() > 2)
        refuse(ErrorCode::usage, "a verdict is approved, rejected or needs_changes",
               "For example: fleet sorties review x7k2pq approved.");
    Json args{{"verdict", verdict}};
    args["sortie_id"] = sortie.empty() ? the_one_in_review(context) : id_of(context, sortie_entity, sortie);
    put(args, "feedback", text_argument(flags.feedback));
    put(args, "issues", flags.issues);
    Json answer = context.call("sorties.review", std::move(args));
    auto status = text_or(answer, "status", "");
    said(context, answer,
         status == "completed"     ? "is approved and completed"
         : status == "in_progress" ? "goes back to its pilot"
                                   : "is rejected");
    return 0;
}

int retry(Context& context, std::string const& typed) {
    Json answer = context.call("sorties.retry", {{"sortie_id", id_of(context, sortie_entity, typed)}});
    said(context, answer, "is to be had again");
    return 0;
}

int cancel(Context& context, std::string const& typed, std::string const& reason) {
    auto id = held_or_named(context, sortie_lease, typed);
    Json args{{"sortie_id", id}};
    put(args, "reason", reason);
    Json answer = context.call("sorties.cancel", std::move(args));
    if (!context.callsign().empty()) forget_lease(context, sortie_lease, id);
    said(context, answer, "is cancelled");
    return 0;
}

void add_hand_in(CLI::App& app, EndFlags& flags) {
    app.add_option("sortie", flags.sortie, "Its id, an end of it, or its title; left out: the one you have")
        ->type_name("SORTIE");
    app.add_option("--summary", flags.summary, "What was done; - reads it")->type_name("TEXT");
    app.add_option("--file", flags.files, "What was changed; may be given again")
        ->type_name("PATH")
        ->allow_extra_args(false);
    app.add_option("--evidence", flags.evidence, "What shows it: 'make test=0'; may be given again")
        ->type_name("COMMAND=STATUS")
        ->allow_extra_args(false);
    app.add_option("--result", flags.result,
                   "What conditions can look at, a JSON object; @FILE or - reads it")
        ->type_name("JSON");
    app.add_option("--token", flags.token, "Its token, when it was claimed elsewhere")->type_name("N");
}

void add_fail(Menu& menu, CLI::App& sorties) {
    auto flags = std::make_shared<FailFlags>();
    auto& app =
        menu.command(sorties, "fail", "Say that the attempt failed; it is tried again while attempts last",
                     [flags](Context& context) { return fail(context, *flags); });
    app.add_option("sortie", flags->sortie, "Its id, an end of it, or its title; left out: the one you have")
        ->type_name("SORTIE");
    app.add_option("--message", flags->message, "What went wrong; - reads it")->required()->type_name("TEXT");
    app.add_option("--kind", flags->kind, "A short word: test, build, timeout, …; default error")
        ->type_name("WORD");
    app.add_option("--command", flags->command, "The command that failed")->type_name("TEXT");
    app.add_option("--detail", flags->detail, "More about it, a JSON object; @FILE or - reads it")
        ->type_name("JSON");
    app.add_flag("--final", flags->final, "Do not try again, whatever attempts are left");
    app.add_option("--token", flags->token, "Its token, when it was claimed elsewhere")->type_name("N");
}

void add_review(Menu& menu, CLI::App& sorties) {
    auto flags = std::make_shared<ReviewFlags>();
    auto& app = menu.command(sorties, "review", "Give the verdict on what another pilot handed in",
                             [flags](Context& context) { return review(context, *flags); });
    app.add_option("verdict", flags->words,
                   "approved, rejected or needs_changes, and which sortie when several wait")
        ->required()
        ->type_name("VERDICT");
    app.add_option("--feedback", flags->feedback, "What is right or wrong with it; - reads it")
        ->type_name("TEXT");
    app.add_option("--issue", flags->issues, "One thing to change; may be given again")
        ->type_name("TEXT")
        ->allow_extra_args(false);
}

}  // namespace

void add_sortie_ends(Menu& menu, CLI::App& sorties) {
    auto handing = std::make_shared<EndFlags>();
    auto& ask = menu.command(
        sorties, "request-review", "Hand it in for a verdict",
        [handing](Context& context) { return hand_in(context, "sorties.request_review", *handing); });
    add_hand_in(ask, *handing);
    ask.add_option("--reviewer", handing->reviewer, "Who is asked; left out: anybody but you")
        ->type_name("CALLSIGN");
    add_review(menu, sorties);
    auto ending = std::make_shared<EndFlags>();
    add_hand_in(
        menu.command(sorties, "complete", "Say that it is done; its files are free",
                     [ending](Context& context) { return hand_in(context, "sorties.complete", *ending); }),
        *ending);
    add_fail(menu, sorties);
    auto id = std::make_shared<std::string>();
    auto reason = std::make_shared<std::string>();
    menu.command(sorties, "retry", "Make a failed one pending again",
                 [id](Context& context) { return retry(context, *id); })
        .add_option("sortie", *id, "Its id, an end of it, or its name")
        ->required()
        ->type_name("SORTIE");
    auto& off = menu.command(sorties, "cancel", "Call it off; its files are free",
                             [=](Context& context) { return cancel(context, *id, *reason); });
    off.add_option("sortie", *id, "Its id, an end of it, or its name; left out: the one you have")
        ->type_name("SORTIE");
    off.add_option("--reason", *reason, "Why")->type_name("TEXT");
}

}  // namespace fleet::cli
