// fleet hook: the command form of hooks. What the client says goes to the daemon, the daemon's answer back;
// when there is none in time, the setting hook_on_failure answers.
#include "cli/context.hpp"
#include "cli/hook_alarm.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/toml_file.hpp"

#include <fleet/hooks.hpp>
#include <fleet/json.hpp>
#include <fleet/workspace.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace fleet::cli {
namespace {

constexpr std::size_t long_text = 32 * 1024;

struct HookFlags {
    std::string name{};
    std::string event{};
};

// Whoever begins or ends a session can wait longer than who is about to edit.
Millis limit_of(HookMoment moment, Millis limit) {
    bool const is_rare = moment == HookMoment::session_start || moment == HookMoment::session_end ||
                         moment == HookMoment::before_compaction;
    return is_rare ? limit * 10 : limit;
}

// Nothing that the fleet asks about stands in a long text, but for the files that a patch or a command names.
void shorten(Json& value, std::string_view name = {}) {
    if (value.is_object() || value.is_array()) {
        bool const is_list = value.is_array();
        for (auto const& one : value.items())
            shorten(one.value(), is_list ? name : std::string_view(one.key()));
        return;
    }
    if (!value.is_string() || value.get_ref<std::string const&>().size() <= long_text) return;
    auto const text = value.get<std::string>();
    // Copilot has its arguments as the text that the model wrote.
    if (text.front() == '{') {
        auto inner = parse_json(text);
        if (inner && inner->is_object()) {
            shorten(*inner);
            value = json_text(*inner);
            return;
        }
    }
    auto files = patched_files(text);
    if (name == "command" || name == "cmd")
        for (auto& file : shell_writes(text)) files.push_back(std::move(file));
    std::string heads;
    for (auto const& file : files) heads += "*** Update File: " + file + "\n";
    value = heads.empty() ? text.substr(0, 1'024) : heads;
}

std::string on_failure(Context& context, HookCall const& call) {
    auto const place =
        find_workspace(call.cwd.empty() ? std::filesystem::path(".") : std::filesystem::path(call.cwd));
    if (place && !place->hook_on_failure.empty()) return place->hook_on_failure;
    return context.settings().hook_on_failure;
}

std::string answer_without_daemon(HookCall const& call, std::string_view on_failure, std::string_view why) {
    HookReply reply;
    bool const is_write = call.moment == HookMoment::before_tool && !call.files.empty();
    if (is_write && on_failure == "closed")
        reply.deny = fmt::format(
            "FleetTools could not be asked whether this file is free ({}), and is configured to "
            "deny then (hook_on_failure = closed). Try again in a moment; `fleet doctor` says "
            "what is wrong.",
            why);
    return json_text(hook_answer(call, reply)) + "\n";
}

std::string first_line(std::filesystem::path const& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

// Who asks is the session: no pilot is looked for, unless one is named.
ClientOptions options_of(Context& context, Millis limit) {
    ClientOptions options;
    char const* variable = std::getenv("FLEET_ENDPOINT");
    options.endpoint = context.globals().endpoint;
    if (options.endpoint.empty() && variable != nullptr) options.endpoint = variable;
    if (options.endpoint.empty()) options.endpoint = "unix:" + socket_path(context.settings()).string();
    bool const is_local = options.endpoint.starts_with("unix:") || options.endpoint.starts_with('/');
    std::filesystem::path const file = context.settings().tcp_token_file;
    if (!is_local) options.token = first_line(file.empty() ? state_dir(context.settings()) / "token" : file);
    options.project =
        !context.globals().project.empty() ? context.globals().project : context.settings().project;
    options.callsign =
        !context.globals().callsign.empty() ? context.globals().callsign : context.settings().callsign;
    options.timeouts = Timeouts{.connect = limit, .answer = limit, .retry_for = Millis(0)};
    return options;
}

Result<Json> ask(Context& context, HookCall const& call, Json input, Millis limit) {
    Client client(context.loop().get_executor(), options_of(context, limit));
    shorten(input);
    std::error_code error;
    auto const cwd = std::filesystem::current_path(error);
    Json args{{"client", call.client}, {"event", call.event}, {"hook_input", std::move(input)}};
    if (!error) args["cwd"] = cwd.string();
    CallOptions once;
    once.waits_for_daemon = false;
    return context.wait<Json>([&](Completion<Json> done) {
        client.async_call("hooks.answer", std::move(args), std::move(once), std::move(done));
    });
}

void say(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

int answer(Context& context, HookFlags const& flags) {
    auto const limit = context.settings().hook_timeout;
    HookAlarm alarm(limit, "{}\n");
    auto const slash = flags.name.find('/');
    auto const client = flags.name.substr(0, slash);
    auto const event = slash == std::string::npos ? flags.event : flags.name.substr(slash + 1);
    Json input = must(parse_json(whole_input("-")));
    auto const call = must(read_hook(client, event, input));
    if (call.moment == HookMoment::other) {
        say("{}\n");
        return 0;
    }
    auto const patience = limit_of(call.moment, limit);
    auto const late = fmt::format("no answer within {} ms", limit.count());
    // Looking at the project's own word may take too long by itself: till then that of the settings counts.
    alarm.set(patience, answer_without_daemon(call, context.settings().hook_on_failure, late));
    auto const closes = on_failure(context, call);
    alarm.set(patience, answer_without_daemon(call, closes, late));
    input[std::string(hook_on_failure_member)] = closes;
    auto said = ask(context, call, std::move(input), patience);
    auto const text =
        said ? json_text(*said) + "\n" : answer_without_daemon(call, closes, said.error().message);
    alarm.disarm();
    say(text);
    if (!said) fmt::print(stderr, "fleet hook: {}\n", said.error().message);
    return 0;
}

// Clients take the exit code 2 for a refusal: a hook that is set up wrongly must not refuse everything.
int answer_or_warn(Context& context, HookFlags const& flags) {
    try {
        return answer(context, flags);
    } catch (ErrorException const& failure) {
        auto const& error = failure.error();
        fmt::print(stderr, "fleet hook: {}{}{}\n", error.message, error.hint.empty() ? "" : ". ", error.hint);
        return 1;
    }
}

}  // namespace

void add_hook(Menu& menu) {
    auto flags = std::make_shared<HookFlags>();
    auto& app = menu.command("hook", "Answers a hook of an agent program: its JSON in, the answer out",
                             "Agents", [flags](Context& context) { return answer_or_warn(context, *flags); });
    app.add_option("name", flags->name, "The client, or CLIENT/EVENT")->required()->type_name("NAME");
    app.add_option("event", flags->event, "The hook, where the client does not say it in its JSON")
        ->type_name("EVENT");
    app.footer(
        fmt::format("\nClients: {}. `fleet setup CLIENT` sets them up.\n"
                    "Example: fleet hook claude-code < event.json\n",
                    fmt::join(hook_clients(), ", ")));
}

}  // namespace fleet::cli
