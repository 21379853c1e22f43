// Beginning and ending a session in one call each.
#include "faces/mcp_call.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::faces {

namespace {

constexpr std::int64_t briefing_default = 1'500;
constexpr std::int64_t listed = 5;  // of mail and of ready work

struct Opened {
    std::string project{};
    std::string callsign{};
    std::string outcome{};  // registered, resumed, again
};

Json pilot_of(McpCall const& call, Json const& args) {
    auto const& session = call.session();
    auto const itself = session.client.empty() ? call.message().client : session.client;
    Json pilot{{"program", text_or(args, "program", itself.empty() ? "mcp" : itself)},
               {"model", text_or(args, "model", "unknown")}};
    if (args.contains("role")) pilot["role"] = args.at("role");
    if (args.contains("task")) pilot["task_description"] = args.at("task");
    if (!call.callsign().empty()) pilot["callsign"] = call.callsign();
    return pilot;
}

// A client that tells its session is the same pilot in it whenever it asks.
asio::awaitable<Result<Opened>> open_session(McpCall& call, Json const& args) {
    Json wanted = pilot_of(call, args);
    if (!args.contains("model")) wanted.erase("model");  // what was known stays
    wanted["client"] = call.session().client;
    wanted["session_id"] = call.session().id;
    wanted["source"] = "mcp";
    if (!call.session().cwd.empty()) wanted["cwd"] = call.session().cwd;
    auto opened = co_await call.operation("sessions.open", std::move(wanted));
    if (!opened) co_return opened.error();
    Opened found{.project = text_or(*opened, "project", ""),
                 .callsign = text_or(*opened, "callsign", ""),
                 .outcome = text_or(*opened, "outcome", "")};
    co_return found;
}

asio::awaitable<Result<Opened>> register_pilot(McpCall& call, Json const& args) {
    Json wanted = pilot_of(call, args);
    if (wanted.contains("callsign")) {
        wanted["resume"] = true;
        Json of{{"callsign", wanted.at("callsign")}};
        auto const known = co_await call.operation("pilots.show", std::move(of));
        // What it does not say of itself now stays as it was.
        for (auto const* name : {"program", "model"})
            if (known && !args.contains(name)) wanted[name] = text_or(*known, name, "unknown");
    }
    auto pilot = co_await call.operation("pilots.register", std::move(wanted));
    if (!pilot) co_return pilot.error();
    Opened found{.project = text_or(*pilot, "project", call.project()),
                 .callsign = text_or(*pilot, "callsign", ""),
                 .outcome = flag_or(*pilot, "resumed", false) ? "resumed" : "registered"};
    co_return found;
}

Error no_project() {
    Error error = make_error(ErrorCode::invalid_field, "nobody says which project this is", "/project");
    error.hint = "Give project, or run `fleet init` in the repository and start the client there.";
    return error;
}

}  // namespace

asio::awaitable<McpOutcome> mcp_start_session(McpCall& call, Json args) {
    bool const is_told = !call.session().id.empty();
    if (call.project().empty() && call.session().cwd.empty()) co_return no_project();
    Result<Opened> opened = make_error(ErrorCode::internal);
    if (is_told)
        opened = co_await open_session(call, args);
    else
        opened = co_await register_pilot(call, args);
    if (!opened) co_return opened.error();
    call.become(opened->project, opened->callsign);

    Json of{{"callsign", opened->callsign}, {"budget", number_or(args, "budget", briefing_default)}};
    auto briefing = co_await call.operation("briefing", std::move(of));
    if (!briefing) co_return briefing.error();
    of = Json{{"callsign", opened->callsign}, {"unread", true}, {"limit", listed}};
    auto mail = co_await call.operation("messages.inbox", std::move(of));
    if (!mail) co_return mail.error();
    of = Json{{"callsign", opened->callsign}, {"limit", listed}, {"project", opened->project}};
    auto ready = co_await call.operation("sorties.ready", std::move(of));
    if (!ready) co_return ready.error();
    co_return Json{{"project", opened->project},
                   {"callsign", opened->callsign},
                   {"outcome", opened->outcome},
                   {"briefing", text_or(*briefing, "text", "")},
                   {"unread", mail->value("items", Json::array())},
                   {"ready", ready->value("items", Json::array())}};
}

asio::awaitable<McpOutcome> mcp_end_session(McpCall& call, Json args) {
    if (auto known = call.need_callsign(); !known) co_return known.error();
    if (!call.session().id.empty()) {
        Json of{{"client", call.session().client}, {"session_id", call.session().id}};
        auto shown = co_await call.operation("sessions.show", of);
        if (shown && text_or(*shown, "callsign", "") == call.callsign()) {
            of["reason"] = text_or(args, "final_status", "completed").substr(0, 100);
            auto closed = co_await call.operation("sessions.close", std::move(of));
            if (!closed) co_return closed.error();
            co_return Json{{"callsign", call.callsign()}, {"status", text_or(*closed, "outcome", "closed")}};
        }
    }
    Json of{{"callsign", call.callsign()}, {"reason", "completed"}};
    if (args.contains("final_status")) of["final_status"] = args.at("final_status");
    auto gone = co_await call.operation("pilots.deregister", std::move(of));
    if (!gone) co_return gone.error();
    co_return Json{{"callsign", call.callsign()}, {"status", text_or(*gone, "status", "deregistered")}};
}

}  // namespace fleet::faces
