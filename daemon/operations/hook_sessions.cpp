#include "operations/hook_sessions.hpp"

#include <fleet/json.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace fleet::ops {

namespace {

// Sessions remembered at once, and how long a directory of no project is not asked about again.
constexpr std::size_t entries_max = 4'096;
constexpr std::chrono::seconds nowhere_for{30};
constexpr std::chrono::hours remembered_for{12};
// What .fleet/config.toml says may change while a session goes on.
constexpr std::chrono::seconds looked_for{5};

asio::awaitable<Workspace> look_at(std::string cwd) {
    auto found = find_workspace(cwd);
    if (found) co_return *std::move(found);
    Workspace nowhere;
    nowhere.top = cwd;
    co_return nowhere;
}

asio::awaitable<std::vector<std::string>> name_files(Workspace place, std::string cwd,
                                                     std::vector<std::string> files, bool may_look) {
    std::vector<std::string> names;
    for (auto const& file : files) {
        auto name = may_look ? path_in_project(place, cwd, file) : path_below(place.top, cwd, file);
        if (name) names.push_back(*std::move(name));
    }
    co_return names;
}

bool is_unknown_project(Error const& error) {
    return error.code == ErrorCode::not_found && error.field == "/project";
}

}  // namespace

std::string session_id_of(HookCall const& call) {
    constexpr std::size_t longest = 200;
    auto id = call.session_id.empty() ? "cwd:" + call.cwd : call.session_id;
    return id.substr(0, longest);
}

Request request_of(Request const& from, BoundSession const& session, Json args) {
    Request request;
    request.args = std::move(args);
    request.caller = from.caller;
    request.caller.callsign = session.callsign;
    request.project = session.project;
    return request;
}

void HookSessions::remember(Key key, std::optional<BoundSession> session) {
    if (entries_.size() >= entries_max && !entries_.contains(key)) {
        auto const looked = [](auto const& one) { return one.second.looked; };
        entries_.erase(std::ranges::min_element(entries_, {}, looked));
    }
    auto& entry = entries_[std::move(key)];
    entry.until = Clock::now() + (session ? Clock::duration(remembered_for) : Clock::duration(nowhere_for));
    entry.looked = Clock::now();
    entry.session = std::move(session);
}

void HookSessions::forget(HookCall const& call) {
    entries_.erase({call.client, session_id_of(call)});
}

bool HookSessions::is_due(HookCall const& call, std::optional<Clock::time_point> Entry::*last, Millis pause) {
    auto const found = entries_.find({call.client, session_id_of(call)});
    if (found == entries_.end()) return true;
    auto const now = Clock::now();
    auto& before = found->second.*last;
    if (before && now - *before < pause) return false;
    before = now;
    return true;
}

bool HookSessions::may_look_for_mail(HookCall const& call, Millis pause) {
    return is_due(call, &Entry::mail_looked, pause);
}

bool HookSessions::may_take_checkpoint(HookCall const& call, Millis pause) {
    return is_due(call, &Entry::checkpoint_taken, pause);
}

asio::awaitable<Workspace> HookSessions::look(std::string cwd, bool may_look) {
    if (!may_look) {
        Workspace given;
        given.top = cwd;
        co_return given;
    }
    auto elsewhere = asio::co_spawn(looker_.get_executor(), look_at(std::move(cwd)), asio::use_awaitable);
    co_return co_await std::move(elsewhere);
}

asio::awaitable<std::vector<std::string>> HookSessions::names(BoundSession session, HookCall call) {
    auto work =
        name_files(std::move(session.place), std::move(call.cwd), std::move(call.files), session.may_look);
    auto elsewhere = asio::co_spawn(looker_.get_executor(), std::move(work), asio::use_awaitable);
    co_return co_await std::move(elsewhere);
}

// What the database knows of the session; null when it is not open.
asio::awaitable<Result<Json>> HookSessions::known(HookCall call) {
    Json filter{{"client", call.client}, {"session_id", session_id_of(call)}};
    auto item = co_await state_.parts.reads.show("session_binding", std::move(filter));
    if (!item && item.error().code == ErrorCode::not_found) co_return Json(nullptr);
    if (!item) co_return item.error();
    auto row = parse_json(item->json);
    if (!row) co_return row.error();
    if (!flag_or(*row, "is_open", false)) co_return Json(nullptr);
    co_return *std::move(row);
}

asio::awaitable<Result<Json>> HookSessions::open(HookCall call, Request request, std::string project,
                                                 Workspace place) {
    Request opening;
    opening.caller = request.caller;
    opening.project = project;
    opening.args = Json{{"client", call.client}, {"session_id", session_id_of(call)}};
    auto put = [&](char const* name, std::string value) {
        if (!value.empty()) opening.args[name] = std::move(value);
    };
    put("cwd", call.cwd);
    put("worktree", place.top.string());
    put("model", call.model.substr(0, 100));
    put("source", call.source.substr(0, 40));
    put("callsign", request.caller.callsign);
    auto again = opening;
    auto answer = co_await open_session(state_, std::move(opening));
    if (!answer && is_unknown_project(answer.error()) && place.is_configured) {
        // Whoever wrote .fleet/config.toml wants this project to be one of the fleet's.
        Request known;
        known.caller = request.caller;
        known.args = Json{{"key", project}};
        auto made = co_await submit(state_, "register_project", std::move(known));
        if (!made) co_return made.error();
        answer = co_await open_session(state_, std::move(again));
    }
    if (!answer) co_return answer.error();
    co_return parse_json(answer->json);
}

// The remembered session, its directory looked at again from time to time.
asio::awaitable<std::optional<BoundSession>> HookSessions::looked_again(Key key, HookCall call) {
    Entry const seen = entries_[key];
    if (!seen.session->may_look || Clock::now() - seen.looked < looked_for) co_return seen.session;
    auto place = co_await look(call.cwd, true);
    auto session = seen.session;
    // A session that has gone to another project's directory stays what it is.
    if (place.project == session->project) session->place = std::move(place);
    if (auto const found = entries_.find(key); found != entries_.end()) {
        found->second.session = session;
        found->second.looked = Clock::now();
    }
    co_return session;
}

asio::awaitable<Result<std::optional<BoundSession>>> HookSessions::find(HookCall call, Request request,
                                                                        bool open_anew) {
    Key key{call.client, session_id_of(call)};
    auto const entry = entries_.find(key);
    bool const is_fresh = entry != entries_.end() && entry->second.until > Clock::now();
    if (is_fresh && !open_anew && !request.caller.is_bound) {
        auto const& session = entry->second.session;
        bool const is_asked_for =
            !session || request.caller.callsign.empty() || request.caller.callsign == session->callsign;
        if (is_asked_for && session) co_return co_await looked_again(std::move(key), std::move(call));
        if (is_asked_for) co_return session;
    }
    BoundSession bound;
    // Who may do everything here may have us look at a file; others give names that we take as they are.
    bound.may_look = request.caller.has_role(auth::operator_role);
    bound.place = co_await look(call.cwd, bound.may_look);
    auto project = request.project.empty() ? bound.place.project : request.project;
    if (project.empty()) {
        remember(std::move(key), std::nullopt);
        co_return std::optional<BoundSession>();
    }
    bool const ends = call.moment == HookMoment::session_end;
    if (!open_anew || !bound.may_look) {
        auto row = co_await known(call);
        if (!row) co_return row.error();
        bool const is_here = row->is_object() && text_or(*row, "project", "") == project;
        auto const callsign = is_here ? text_or(*row, "callsign", "") : std::string();
        // What is not open has nothing to end.
        if (ends && callsign.empty()) co_return std::optional<BoundSession>();
        // Where we may not look names start from where the session began, wherever it has gone since.
        auto const began = is_here ? text_or(*row, "worktree", "") : std::string();
        if (!bound.may_look && !began.empty()) bound.place.top = began;
        bool const is_asked_for =
            ends || request.caller.callsign.empty() || request.caller.callsign == callsign;
        if (!open_anew && !callsign.empty() && is_asked_for) {
            bound.project = std::move(project);
            bound.callsign = callsign;
            remember(std::move(key), bound);
            co_return std::optional<BoundSession>(std::move(bound));
        }
    }
    auto opened = co_await open(std::move(call), std::move(request), project, bound.place);
    if (!opened && is_unknown_project(opened.error())) {
        remember(std::move(key), std::nullopt);
        co_return std::optional<BoundSession>();
    }
    if (!opened) co_return opened.error();
    bound.project = std::move(project);
    bound.callsign = text_or(*opened, "callsign", "");
    remember(std::move(key), bound);
    bound.opened = *std::move(opened);
    co_return std::optional<BoundSession>(std::move(bound));
}

}  // namespace fleet::ops
