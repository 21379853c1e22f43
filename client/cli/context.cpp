#include "cli/context.hpp"

#include "cli/screen/words.hpp"
#include "cli/toml_file.hpp"

#include <fleet/json.hpp>
#include <fleet/operations.hpp>
#include <fleet/session_environment.hpp>

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

namespace fleet::cli {
namespace {

std::string first_line(fs::path const& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

bool is_local(std::string const& endpoint) {
    return endpoint.starts_with("unix:") || endpoint.starts_with('/');
}

// Whoever is taken for somebody else wants to know by what.
Error with_source(Error error, Identity const& who) {
    bool const is_about_actor = error.field == "/actor" || error.field == "/as" || error.field == "/callsign";
    bool const is_named = who.is_pilot() && error.message.find(who.callsign) != std::string::npos;
    if (who.is_pilot() && is_about_actor && (is_named || error.field == "/as"))
        error.message += fmt::format(" (you are {}, {})", who.callsign, who.words());
    return error;
}

}  // namespace

void refuse(ErrorCode code, std::string message, std::string hint, std::string field) {
    Error error = make_error(code, std::move(message), std::move(field));
    if (!hint.empty()) error.hint = std::move(hint);
    throw ErrorException(std::move(error));
}

Millis duration_flag(std::string const& text, std::string_view flag) {
    auto parsed = parse_duration(std::string_view(text));
    if (parsed) return *parsed;
    refuse(ErrorCode::usage, fmt::format("{} {} is not a length of time", flag, text),
           "Write 90s, 15m, 2h or seconds.", std::string(flag));
}

Context::Context(Globals globals, Screen& screen)
    : globals_(std::move(globals)), screen_(screen), signals_(loop_, SIGINT, SIGTERM) {
    arm_signals();
}

void Context::arm_signals() {
    signals_.async_wait([this](boost::system::error_code const& error, int number) {
        if (error) return;
        if (interrupted_) std::_Exit(128 + number);  // asked twice: at once
        interrupted_ = true;
        if (on_interrupt_) on_interrupt_();
        arm_signals();
    });
}

void Context::run_while(std::function<bool()> const& going_on) {
    loop_.restart();
    while (going_on() && loop_.run_one() > 0) {
    }
}

Settings const& Context::settings() {
    if (!settings_) settings_ = must(read_settings());
    return *settings_;
}

Place const& Context::place() {
    if (!place_) {
        std::error_code error;
        auto cwd = fs::current_path(error);
        if (error)
            refuse(ErrorCode::not_found, "the current directory is gone", "Change to one that exists.");
        place_ = must(find_place(cwd));
    }
    return *place_;
}

std::string Context::project() {
    if (!globals_.project.empty()) return globals_.project;
    if (!settings().project.empty()) return settings().project;
    return place().project;
}

std::string Context::require_project() {
    auto key = project();
    if (!key.empty()) return key;
    refuse(ErrorCode::not_found, fmt::format("{} belongs to no project", place().cwd.string()),
           "`fleet init` makes one here; --project KEY names another.", "--project");
}

Identity const& Context::identity() {
    if (identity_) return *identity_;
    IdentityQuestion question{.flag = globals_.callsign,
                              .setting = settings().callsign,
                              .is_variable = std::getenv("FLEET_AS") != nullptr,
                              .sessions = must(sessions_from_environment()),
                              .project = project()};
    question.show_session = [this](SessionName const& name) { return show_session(name); };
    question.registered = [this] { return store().callsigns(); };
    identity_ = identify(question);
    return *identity_;
}

Result<Json> Context::show_session(SessionName const& name) {
    // A connection of its own: as whom the other one acts is what is asked.
    Client asker(loop_.get_executor(), user_options());
    CallOptions at_once;
    at_once.waits_for_daemon = false;
    Json args{{"client", name.client}, {"session_id", name.session_id}};
    return wait<Json>([&](Completion<Json> done) {
        asker.async_call("sessions.show", std::move(args), std::move(at_once), std::move(done));
    });
}

std::string Context::require_callsign() {
    Identity const& who = identity();
    if (who.is_pilot()) return who.callsign;
    if (who.failure) throw ErrorException(*who.failure);
    if (who.source == PilotSource::session) {
        refuse(ErrorCode::usage, who.words(),
               "`fleet pilots register --program NAME --model NAME` makes it one; --as CALLSIGN names one.",
               "--as");
    }
    refuse(ErrorCode::usage, who.words(),
           who.registered.empty()
               ? "`fleet pilots register --program NAME --model NAME` makes one; --as CALLSIGN names one."
               : "Say which one you are: --as CALLSIGN, or the variable FLEET_AS.",
           "--as");
}

ClientOptions Context::user_options() {
    ClientOptions options;
    char const* variable = std::getenv("FLEET_ENDPOINT");
    options.endpoint = globals_.endpoint;
    if (options.endpoint.empty() && variable != nullptr) options.endpoint = variable;
    if (options.endpoint.empty()) options.endpoint = "unix:" + socket_path(settings()).string();
    options.project = project();
    options.timeouts.answer = quick_.value_or(settings().client_timeout);
    if (quick_) options.timeouts.connect = *quick_;
    if (is_local(options.endpoint)) return options;
    fs::path file = settings().tcp_token_file;
    options.token = first_line(file.empty() ? state_dir(settings()) / "token" : file);
    return options;
}

ClientOptions Context::client_options() {
    ClientOptions options = user_options();
    if (as_user_) return options;
    options.callsign = callsign();
    if (is_local(options.endpoint) || options.callsign.empty()) return options;
    // A pilot shows its own token if one was kept.
    auto kept = store().read(options.callsign);
    if (kept && !kept->token.empty()) options.token = kept->token;
    return options;
}

Client& Context::client() {
    if (!client_) client_.emplace(loop_.get_executor(), client_options());
    return *client_;
}

Result<Json> Context::try_call(std::string operation, Json args, CallOptions options) {
    auto const* known = find_operation(operation);
    if (known != nullptr && known->needs_project && !args.contains("project")) require_project();
    if (quick_) options.waits_for_daemon = false;
    Client& chosen = client();  // first: who asks may itself have to be asked for
    auto answer = wait<Json>([&](Completion<Json> done) {
        chosen.async_call(std::move(operation), std::move(args), std::move(options), std::move(done));
    });
    if (answer || as_user_) return answer;
    return with_source(answer.error(), identity());
}

Json Context::call(std::string operation, Json args, CallOptions options) {
    return must(try_call(std::move(operation), std::move(args), std::move(options)));
}

Result<Json> Context::stream(std::string operation, Json args, JsonSink sink) {
    Client& chosen = client();
    return wait<Json>([&](Completion<Json> done) {
        chosen.async_stream(std::move(operation), std::move(args), std::move(sink), std::move(done));
    });
}

void Context::pause(Millis time) {
    bool over = interrupted_;
    asio::steady_timer timer{loop_, time};
    timer.async_wait([&](boost::system::error_code const&) { over = true; });
    on_interrupt([&] { timer.cancel(); });
    run_while([&] { return !over; });
    on_interrupt({});
    if (interrupted_) throw ErrorException(make_error(ErrorCode::cancelled));
}

}  // namespace fleet::cli
