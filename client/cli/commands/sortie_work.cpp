// fleet sorties start, progress, block, unblock, return: while the work goes on.
#include "cli/commands/work_screen.hpp"
#include "cli/context.hpp"
#include "cli/input.hpp"
#include "cli/lease.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <charconv>

namespace fleet::cli {
namespace {

struct Which {
    std::string sortie{};
    std::int64_t token = 0;
};

using WhichPtr = std::shared_ptr<Which>;

void add_which(CLI::App& app, Which& which) {
    app.add_option("sortie", which.sortie, "Its id, an end of it, or its title; left out: the one you have")
        ->type_name("SORTIE");
    app.add_option("--token", which.token, "Its token, when it was claimed elsewhere")->type_name("N");
}

int act(Context& context, char const* operation, Which const& which, Json args, std::string const& words) {
    auto held = held_lease(context, sortie_lease, which.sortie, which.token);
    Json answer = call_held(context, sortie_lease, operation, std::move(args), held);
    Screen& screen = context.screen();
    screen.document(answer);
    auto left = left_member(answer, "lease_until", clock_now());
    screen.done(fmt::format("{} {}{}", titled(screen, answer, "sortie_id"), words,
                            left.empty() ? left : "; " + left));
    note_consequences(screen, answer);
    return 0;
}

struct ProgressFlags {
    std::vector<std::string> words{};
    std::string message{};
    std::vector<std::string> files{};
    std::int64_t token = 0;
};

std::optional<int> percent_of(std::string const& text) {
    int value = -1;
    auto const* end = text.data() + text.size() - (text.ends_with('%') ? 1 : 0);
    auto const [stopped, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc{} || stopped != end || value < 0 || value > 100) return std::nullopt;
    return value;
}

// "40", "40 grammar" or "grammar 40".
int progress(Context& context, ProgressFlags const& flags) {
    Which which{.token = flags.token};
    std::optional<int> percent;
    for (std::string const& word : flags.words) {
        auto number = percent ? std::nullopt : percent_of(word);
        if (number)
            percent = number;
        else
            which.sortie = word;
    }
    if (!percent || flags.words.size() > 2)
        refuse(ErrorCode::usage, "how far it is, is a number from 0 to 100",
               "For example: fleet sorties progress 40.");
    Json args{{"percent", *percent}};
    put(args, "message", text_argument(flags.message));
    put(args, "files_touched", paths_of(context, flags.files));
    return act(context, "sorties.progress", which, std::move(args), fmt::format("is at {}%", *percent));
}

struct BlockFlags {
    std::string reason{};
    std::string kind{};
    std::string blocker{};
};

int block(Context& context, Which const& which, BlockFlags const& flags) {
    Json args{{"reason", text_argument(flags.reason)}};
    put(args, "blocker_type", flags.kind);
    put(args, "blocker_id",
        flags.kind == "sortie" && !flags.blocker.empty() ? id_of(context, sortie_entity, flags.blocker)
                                                         : flags.blocker);
    return act(context, "sorties.block", which, std::move(args), "is blocked");
}

void add_progress(Menu& menu, CLI::App& sorties) {
    auto flags = std::make_shared<ProgressFlags>();
    auto& app = menu.command(sorties, "progress", "Say how far it is; it stays yours for longer",
                             [flags](Context& context) { return progress(context, *flags); });
    app.add_option("percent", flags->words, "0 to 100, and which sortie when you have several")
        ->required()
        ->type_name("PERCENT");
    app.add_option("--message,-m", flags->message, "What was done; - reads it")->type_name("TEXT");
    app.add_option("--file", flags->files, "What was changed; may be given again")
        ->type_name("PATH")
        ->allow_extra_args(false);
    app.add_option("--token", flags->token, "Its token, when it was claimed elsewhere")->type_name("N");
}

void add_block(Menu& menu, CLI::App& sorties) {
    auto which = std::make_shared<Which>();
    auto flags = std::make_shared<BlockFlags>();
    auto& app = menu.command(sorties, "block", "Say that you cannot go on, and why",
                             [=](Context& context) { return block(context, *which, *flags); });
    add_which(app, *which);
    app.add_option("--reason", flags->reason, "What is in the way; - reads it")
        ->required()
        ->type_name("TEXT");
    app.add_option("--type", flags->kind, "sortie, pilot, file, external (default) or clarification")
        ->type_name("WORD")
        ->check(CLI::IsMember({"sortie", "pilot", "file", "external", "clarification"}));
    app.add_option("--on", flags->blocker, "Which sortie, pilot or file it is")->type_name("NAME");
}

}  // namespace

void add_sortie_work(Menu& menu, CLI::App& sorties) {
    auto which = std::make_shared<Which>();
    auto& start = menu.command(sorties, "start", "Begin with it", [which](Context& context) {
        return act(context, "sorties.start", *which, Json::object(), "is under way");
    });
    add_which(start, *which);
    add_progress(menu, sorties);
    add_block(menu, sorties);
    auto resolution = std::make_shared<std::string>("the blocker is gone");
    auto& unblock = menu.command(sorties, "unblock", "Go on", [=](Context& context) {
        return act(context, "sorties.unblock", *which, {{"resolution", text_argument(*resolution)}},
                   "goes on");
    });
    add_which(unblock, *which);
    unblock.add_option("--resolution", *resolution, "How it was solved; - reads it")->type_name("TEXT");
    auto& give_back = menu.command(
        sorties, "return", "Give it back; progress is kept, its files are free", [which](Context& context) {
            return act(context, "sorties.return", *which, Json::object(), "is to be had again");
        });
    add_which(give_back, *which);
}

}  // namespace fleet::cli
