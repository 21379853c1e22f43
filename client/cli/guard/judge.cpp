#include "cli/guard/judge.hpp"

#include <fleet/json.hpp>
#include <fleet/workspace.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

// The limits of the operation: files, and half of what a request may weigh.
constexpr std::size_t files_at_once = 1'000;
constexpr std::size_t bytes_at_once = 400'000;
// Longer than a hook before an edit may take: it is asked once a commit.
constexpr Millis patience{2'000};

// What has control characters cannot be reserved by name; a pattern may cover it, and that does not depend on
// which characters they are.
std::string askable(std::string const& path) {
    std::string plain;
    for (char c : path) {
        auto const byte = static_cast<unsigned char>(c);
        plain += byte < 0x20 || byte == 0x7F ? std::string("\xEF\xBF\xBD") : std::string(1, c);
    }
    return valid_text(plain);
}

// Nobody answered, or an older daemon that does not know the question. Anything else is an answer: a request
// that is refused must not let a commit through.
bool is_no_answer(Error const& error) {
    return error.code == ErrorCode::daemon_away || error.code == ErrorCode::cancelled ||
           error.code == ErrorCode::not_found || error_info(error.code).http_status >= 500 ||
           error.code == ErrorCode::too_many;
}

struct Question {
    Json files = Json::array();
    std::vector<std::string> paths{};  // as git has them, in the same order
    std::size_t bytes = 0;

    bool has_room_for(std::size_t more) const {
        return paths.empty() || (paths.size() < files_at_once && bytes + more <= bytes_at_once);
    }
};

std::vector<Question> questions_of(Changes const& changes, std::string const& prefix) {
    std::vector<Question> out(1);
    for (auto const& [path, change] : changes) {
        Json file{{"path", askable(prefix + path)}};
        if (!change.times.empty()) file["times"] = change.times;
        auto const bytes = file.dump().size();
        if (!out.back().has_room_for(bytes)) out.emplace_back();
        out.back().files.push_back(std::move(file));
        out.back().paths.push_back(path);
        out.back().bytes += bytes;
    }
    return out;
}

void take_items(Verdict& verdict, Question const& question, Json const& items, Changes const& changes) {
    // They come in the order of the question.
    std::size_t at = 0;
    for (Json const& item : items) {
        auto const asked = text_or(item, "path", "");
        while (at < question.paths.size() && question.files[at].at("path") != asked) ++at;
        if (at == question.paths.size()) return;
        Objection objection{.path = question.paths[at++], .problem = text_or(item, "problem", "")};
        objection.commit = changes.at(objection.path).commit;
        if (objection.problem == "held") objection.holder = item;
        verdict.objections.push_back(std::move(objection));
    }
}

void object_to_the_rest(Verdict& verdict, Changes const& changes) {
    std::vector<Objection> all;
    auto given = verdict.objections.begin();
    for (auto const& [path, change] : changes) {
        if (given != verdict.objections.end() && given->path == path)
            all.push_back(std::move(*given++));
        else
            all.push_back({.path = path, .problem = "not_held", .commit = change.commit});
    }
    verdict.objections = std::move(all);
}

std::optional<GuardedPlace> in_superproject(Repository const& repository) {
    auto above = repository.superproject;
    while (above) {
        auto super = find_repository(*above, true);
        if (!super) return std::nullopt;
        auto place = find_place(super->top);
        if (place && !place->project.empty())
            return GuardedPlace{*place, repository.top.lexically_relative(super->top).generic_string() + "/",
                                true};
        above = super->superproject;
    }
    return std::nullopt;
}

}  // namespace

std::string valid_text(std::string const& bytes) {
    auto const dumped = Json(bytes).dump(-1, ' ', false, Json::error_handler_t::replace);
    auto parsed = Json::parse(dumped, nullptr, false);
    return parsed.is_string() ? parsed.get<std::string>() : std::string("?");
}

bool is_unknown_pilot(Identity const& who) {
    return !who.is_pilot() && (who.source == PilotSource::session || !who.registered.empty());
}

GuardedPlace guarded_place(Context& context, Repository const& repository) {
    GuardedPlace out{.place = context.place()};
    if (!context.project().empty()) {
        out.is_fleet = true;
        return out;
    }
    if (auto main = repository.main_worktree()) {
        auto there = find_place(*main);
        if (there && !there->project.empty()) {
            out.place.project = there->project;
            out.place.config = there->config;
            out.is_fleet = true;
            return out;
        }
    }
    if (auto super = in_superproject(repository)) return *super;
    out.place.project = key_from_remote(git_remote(repository.top));
    return out;
}

Verdict judge(Context& context, GuardedPlace const& place, HookPolicy const& policy, Changes const& changes) {
    context.work_in(place.place);
    context.be_quick(std::max(policy.timeout, patience));
    Verdict verdict{.files = changes.size(), .project = context.project(), .policy = policy};
    if (changes.empty() || verdict.project.empty()) return verdict;
    verdict.who = context.identity();
    // In a repository that is no project, nobody but a pilot is of interest.
    if (!place.is_fleet && !verdict.who.is_pilot()) return verdict;
    verdict.failure = verdict.who.failure;
    bool is_known = true;
    for (Question const& question : questions_of(changes, place.prefix)) {
        if (verdict.failure) break;
        Json args{{"project", verdict.project}, {"files", question.files}};
        if (verdict.who.is_pilot()) args["callsign"] = verdict.who.callsign;
        auto answer = context.try_call("files.guard", std::move(args));
        if (!answer && !is_no_answer(answer.error())) throw ErrorException(answer.error());
        if (!answer) {
            verdict.failure = answer.error();
            break;
        }
        is_known = flag_or(*answer, "known", true);
        take_items(verdict, question, answer->at("items"), changes);
    }
    if (verdict.failure && !place.is_fleet) verdict.failure.reset();
    verdict.was_asked = !verdict.failure;
    if (verdict.was_asked && is_known && is_unknown_pilot(verdict.who)) object_to_the_rest(verdict, changes);
    return verdict;
}

}  // namespace fleet::cli
