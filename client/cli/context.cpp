#include "cli/context.hpp"

#include "cli/screen/words.hpp"
#include "cli/toml_file.hpp"

#include <fleet/json.hpp>
#include <fleet/operations.hpp>

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

std::string Context::callsign() {
    if (!globals_.callsign.empty()) return globals_.callsign;
    if (!settings().callsign.empty()) return settings().callsign;
    auto registered = store().callsigns();
    return registered.size() == 1 ? registered.front() : std::string();
}

std::string Context::require_callsign() {
    auto name = callsign();
    if (!name.empty()) return name;
    auto registered = store().callsigns();
    if (registered.empty()) {
        refuse(ErrorCode::usage, "no pilot is registered here",
               "`fleet pilots register --program NAME --model NAME` makes one; --as CALLSIGN names one.",
               "--as");
    }
    refuse(ErrorCode::usage, fmt::format("several pilots are registered here: {}", joined(registered, ", ")),
           "Say which one you are: --as CALLSIGN, or the variable FLEET_AS.", "--as");
}

ClientOptions Context::client_options() {
    ClientOptions options;
    char const* variable = std::getenv("FLEET_ENDPOINT");
    options.endpoint = globals_.endpoint;
    if (options.endpoint.empty() && variable != nullptr) options.endpoint = variable;
    if (options.endpoint.empty()) options.endpoint = "unix:" + socket_path(settings()).string();
    options.project = project();
    if (!as_user_) options.callsign = callsign();
    options.timeouts.answer = settings().client_timeout;
    if (options.endpoint.starts_with("unix:") || options.endpoint.starts_with('/')) return options;
    if (!options.callsign.empty()) {
        auto kept = store().read(options.callsign);
        if (kept) options.token = kept->token;
    }
    fs::path file = settings().tcp_token_file;
    if (options.token.empty())
        options.token = first_line(file.empty() ? state_dir(settings()) / "token" : file);
    return options;
}

Client& Context::client() {
    if (!client_) client_.emplace(loop_.get_executor(), client_options());
    return *client_;
}

Result<Json> Context::try_call(std::string operation, Json args, CallOptions options) {
    auto const* known = find_operation(operation);
    if (known != nullptr && known->needs_project && !args.contains("project")) require_project();
    return wait<Json>([&](Completion<Json> done) {
        client().async_call(std::move(operation), std::move(args), std::move(options), std::move(done));
    });
}

Json Context::call(std::string operation, Json args, CallOptions options) {
    auto name = operation;
    auto key = args.is_object() ? text_or(args, "project", "") : std::string();
    Json answer = must(try_call(std::move(operation), std::move(args), std::move(options)));
    refuse_unknown_project(name, answer, key);
    return answer;
}

// An empty list of a project that nobody knows would look like a quiet one.
void Context::refuse_unknown_project(std::string const& operation, Json const& answer,
                                     std::string const& key) {
    auto const* known = find_operation(operation);
    bool is_read =
        known != nullptr && known->kind == OperationKind::read && !operation.starts_with("projects.");
    bool is_empty = answer.is_object() && answer.contains("items") && answer.at("items").empty();
    if (!is_read || !is_empty || key.empty()) return;
    auto found = wait<Json>([&](Completion<Json> done) {
        client().async_call("projects.show", {{"key", key}}, {}, std::move(done));
    });
    if (found || found.error().code != ErrorCode::not_found) return;
    refuse(ErrorCode::not_found, fmt::format("there is no project {}", key),
           "`fleet projects list` shows them; `fleet init` makes one.", "--project");
}

Result<Json> Context::stream(std::string operation, Json args, JsonSink sink) {
    return wait<Json>([&](Completion<Json> done) {
        client().async_stream(std::move(operation), std::move(args), std::move(sink), std::move(done));
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
