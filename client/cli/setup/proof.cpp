#include "cli/setup/proof.hpp"

#include "cli/quiet_daemon.hpp"
#include "cli/setup/files.hpp"
#include "cli/setup/own_line.hpp"
#include "cli/setup/place_of_setup.hpp"
#include "cli/setup/sample_edit.hpp"
#include "cli/setup/talk.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <fstream>

namespace fleet::cli {
namespace {

using namespace std::chrono_literals;

// The first message may have to start the daemon and its database.
constexpr auto greeting_limit = 30s;
constexpr auto answer_limit = 5s;
constexpr std::string_view scratch_project = "fleet-doctor";

Json check(std::string const& name, bool ok, std::string message, std::string hint = {}) {
    return {{"name", name}, {"ok", ok}, {"message", std::move(message)}, {"hint", std::move(hint)}};
}

std::string const look_again =
    "`fleet setup status` shows what is configured; `fleet services logs daemon` what went wrong.";

std::int64_t ms_since(Talk::Clock::time_point begin) {
    return std::chrono::duration_cast<Millis>(Talk::Clock::now() - begin).count();
}

// The answer to the request `id`; notifications in between are passed over.
Json answer_to(Talk& talk, int id, Talk::Clock::time_point until) {
    while (auto line = talk.line(until)) {
        auto message = parse_json(*line);
        if (!message || !message->is_object()) return Json{{"broken", line->substr(0, 200)}};
        if (number_or(*message, "id", 0) == id) return std::move(*message);
    }
    return Json();
}

// initialize, initialized, tools/list: what every client says first.
Json prove_server(std::string const& name, std::vector<std::string> const& words, fs::path const& folder) {
    auto const begin = Talk::Clock::now();
    auto const until = begin + greeting_limit;
    Talk talk(words, folder);
    Json const hello{{"jsonrpc", "2.0"},
                     {"id", 1},
                     {"method", "initialize"},
                     {"params",
                      {{"protocolVersion", "2025-11-25"},
                       {"capabilities", Json::object()},
                       {"clientInfo", {{"name", "fleet-doctor"}, {"version", "1"}}}}}};
    auto const said = [&](Json const& message) { return talk.write(json_text(message) + "\n", until); };
    auto const failed = [&](std::string const& what) {
        auto const why = talk.complaint();
        return check(name, false,
                     fmt::format("`{}` {}{}", fmt::join(words, " "), what, why.empty() ? "" : ": " + why),
                     look_again);
    };
    if (!said(hello)) return failed("does not take a message");
    auto const greeting = answer_to(talk, 1, until);
    if (!greeting.contains("result")) return failed("does not answer initialize");
    said({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
    said({{"jsonrpc", "2.0"}, {"id", 2}, {"method", "tools/list"}});
    auto const list = answer_to(talk, 2, until);
    if (!list.contains("result") || !list.at("result").contains("tools"))
        return failed("does not answer tools/list");
    auto const took = ms_since(begin);
    talk.close_input();
    auto const status = talk.ended(Talk::Clock::now() + 3s);
    if (!status) return failed("does not end when its input does");
    auto const& server = greeting.at("result").value("serverInfo", Json::object());
    return check(
        name, true,
        fmt::format("{} {} answers initialize and lists {} tools, {} ms", text_or(server, "name", "?"),
                    text_or(server, "version", ""), list.at("result").at("tools").size(), took));
}

// A project and two sessions of the moment: one that holds a file, one that wants it.
class Scratch {
public:
    explicit Scratch(Context& owner) : context_(in_scratch(owner.globals()), owner.screen()) {
        context_.ask_as_user();
        fs::create_directory(folder_.path() / ".fleet");
        std::ofstream(folder_.path() / ".fleet" / "config.toml")
            << "project = \"" << scratch_project << "\"\nhook_policy = \"enforce\"\n";
        std::ofstream(folder_.path() / held_) << "a\n";
    }
    ~Scratch() {
        for (auto const& [client, session] : sessions_)
            static_cast<void>(context_.try_call("sessions.close", named(client, session)));
        static_cast<void>(
            context_.try_call("projects.archive", {{"key", scratch_project}, {"reason", "fleet doctor"}}));
    }
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;

    fs::path const& folder() const { return folder_.path(); }
    std::string const& held() const { return held_; }

    // Holds the file by an edit, as an agent does.
    Result<Json> hold() {
        auto const session = new_session("doctor");
        if (auto made = context_.try_call("projects.register", {{"key", scratch_project}}); !made)
            return made;
        auto args = named("doctor", session);
        args["cwd"] = folder().string();
        args["program"] = "fleet-doctor";
        if (auto opened = context_.try_call("sessions.open", args); !opened) return opened;
        auto edit = named("doctor", session);
        edit["paths"] = Json::array({held_});
        return context_.try_call("sessions.edit", std::move(edit));
    }

    // A session that the proof's hook opens; closed with the rest.
    std::string new_session(std::string const& client) {
        sessions_.push_back({client, new_id("doctor")});
        return sessions_.back().second;
    }

private:
    // A client of its own: each says in all it sends which project it is of.
    static Globals in_scratch(Globals globals) {
        globals.project = scratch_project;
        globals.callsign.clear();
        return globals;
    }
    static Json named(std::string const& client, std::string const& session) {
        return {{"client", client}, {"session_id", session}, {"project", scratch_project}};
    }

    Context context_;
    ScratchDirectory folder_;
    // Another one each time: what a broken-off run holds is in nobody's way.
    std::string held_ = fmt::format("held-{}.txt", new_id("x").substr(22));
    std::vector<std::pair<std::string, std::string>> sessions_{};
};

Json prove_hook(Scratch& scratch, std::string const& name, ClientInfo const& client,
                Configured const& there) {
    auto const session = scratch.new_session(std::string(client.hook));
    auto const input = sample_edit(client, there.edit_event, session, scratch.folder(), scratch.held());
    auto const begin = Talk::Clock::now();
    auto const until = begin + answer_limit;
    // What is asked here is whether it works; how long it took is said beside it.
    Talk talk({"/usr/bin/env", "FLEET_HOOK_TIMEOUT=4s", "/bin/sh", "-c", there.edit_hook}, scratch.folder());
    talk.write(json_text(input), until);
    talk.close_input();
    auto const text = talk.rest(until);
    auto const status = talk.ended(until);
    auto const answer = parse_json(text);
    auto const reason = answer ? refusal_in(*answer) : std::string();
    if (status == 0 && !reason.empty())
        return check(name, true,
                     fmt::format("an edit of a held file is refused in {} ms: {}", ms_since(begin),
                                 reason.substr(0, reason.find(". "))));
    auto why = talk.complaint();
    if (!status) why = "no answer in time";
    if (why.empty())
        why = fmt::format("exit status {}, it said {}", *status, text.empty() ? "nothing" : text);
    while (why.ends_with('\n')) why.pop_back();
    return check(name, false,
                 fmt::format("`{}` does not refuse the edit of a held file: {}", there.edit_hook, why),
                 look_again);
}

struct Claim {
    ClientInfo const* client;
    SetupScope scope;
    Configured there;
    std::string name;
    // Files of the project that make the client run what no setup of this account has put there: whoever
    // committed them would have it run here.
    std::string strange_server{};
    std::string strange_hook{};
};

// As this account's setup left it.
bool is_as_written(Originals const& originals, fs::path const& file) {
    std::error_code error;
    auto const kept = originals.of(fs::weakly_canonical(file, error));
    auto const text = content_of(file);
    return kept && text && kept->after_digest == text_digest(*text);
}

void tell_strange(Claim& claim, SetupChoice const& choice, Originals const& originals) {
    if (claim.scope == SetupScope::user) return;
    auto const server = mcp_file(*claim.client, choice);
    auto const hooks = hook_file(*claim.client, choice);
    auto const& words = claim.there.server;
    bool const is_server =
        words.empty() || (words.size() == 2 && words[1] == "mcp" && is_this_program(words[0]));
    if (!is_server && !is_as_written(originals, server)) claim.strange_server = server.string();
    auto const& line = claim.there.edit_hook;
    auto const program = program_of_hook(line, claim.client->hook);
    bool const is_hook = line.empty() || (program && is_this_program(*program));
    if (!is_hook && !is_as_written(originals, hooks)) claim.strange_hook = hooks.string();
}

Json not_tried(std::string const& name, std::string const& file, std::string const& line,
               ClientInfo const& client) {
    return check(name, false, fmt::format("not tried: {} runs `{}`, which is not this program", file, line),
                 fmt::format("Look at it; `fleet setup {}` writes what belongs there.", client.name));
}

std::vector<Claim> claims_here(Context& context) {
    std::vector<Claim> claims;
    Originals const originals(state_dir_of(context));
    for (auto const& client : known_clients())
        for (auto const scope : {SetupScope::project, SetupScope::user}) {
            auto const choice = setup_choice(context, scope, "", false);
            auto there = configured(client, choice);
            if (there.server.empty() && there.edit_hook.empty()) continue;
            claims.push_back(
                {&client, scope, std::move(there), fmt::format("{} ({})", client.title, scope_words(scope))});
            tell_strange(claims.back(), choice, originals);
        }
    return claims;
}

Json hook_proofs(Context& context, std::vector<Claim> const& claims) {
    Json checks = Json::array();
    std::optional<Scratch> scratch;
    std::optional<Error> trouble;
    for (auto const& claim : claims) {
        auto const name = claim.name + ": hook";
        if (claim.there.edit_hook.empty()) {
            checks.push_back(check(name, false, "its MCP server is set up, the hooks are not",
                                   fmt::format("`fleet setup {}` puts them in.", claim.client->name)));
            continue;
        }
        if (!claim.strange_hook.empty()) {
            checks.push_back(not_tried(name, claim.strange_hook, claim.there.edit_hook, *claim.client));
            continue;
        }
        if (!scratch) {
            scratch.emplace(context);
            if (auto held = scratch->hold(); !held) trouble = held.error();
        }
        checks.push_back(trouble ? check(name, false, trouble->message, trouble->hint)
                                 : prove_hook(*scratch, name, *claim.client, claim.there));
    }
    return checks;
}

}  // namespace

Json proofs(Context& context) {
    auto const claims = claims_here(context);
    auto hooks = hook_proofs(context, claims);
    Json checks = Json::array();
    for (std::size_t at = 0; at < claims.size(); ++at) {
        auto const& claim = claims[at];
        auto const name = claim.name + ": MCP";
        if (claim.there.server.empty())
            checks.push_back(check(name, false, "its hooks are set up, the MCP server is not",
                                   fmt::format("`fleet setup {}` puts it in.", claim.client->name)));
        else if (!claim.strange_server.empty())
            checks.push_back(not_tried(name, claim.strange_server,
                                       fmt::format("{}", fmt::join(claim.there.server, " ")), *claim.client));
        else
            checks.push_back(prove_server(name, claim.there.server, context.place().top));
        checks.push_back(std::move(hooks[at]));
    }
    return checks;
}

}  // namespace fleet::cli
