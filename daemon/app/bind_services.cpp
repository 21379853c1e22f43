// services.*: up, down, restart, destroy, status, logs.
#include "app/app.hpp"
#include "app/log_lines.hpp"

#include <fleet/json.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleet::app {
namespace {

constexpr Millis status_limit{1'500};

Json step_json(services::Step const& step) {
    Json json{{"step", step.step}, {"text", step.text}};
    if (step.is_done) json["ok"] = true;
    return json;
}

// Shows the steps as they come, then the end. Who goes away early changes nothing: the work goes on.
asio::awaitable<Result<void>> follow(App& app, std::shared_ptr<Steps> steps, ops::Sink& sink) {
    sink.on_end([steps] { steps->wake(); });
    std::size_t seen = 0;
    while (sink.is_open()) {
        while (seen < steps->all().size()) {
            auto document = step_json(steps->all()[seen++]);
            auto const goes_on = co_await sink.write(std::move(document));
            if (!goes_on) co_return Result<void>{};
        }
        if (!steps->outcome()) {
            co_await steps->more_than(seen);
            continue;
        }
        if (steps->outcome()->has_error()) co_return steps->outcome()->error();
        Json last{{"step", "ready"}, {"text", "services are up"}, {"done", true}};
        if (auto url = app.database().provider().url()) last["url"] = *url;
        co_await sink.write(std::move(last));
        co_return Result<void>{};
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> say(Json document, ops::Sink& sink) {
    co_await sink.write(std::move(document));
    co_return Result<void>{};
}

ops::Answer followed(App& app, std::shared_ptr<Steps> steps) {
    ops::Answer answer;
    answer.stream = [&app, steps](ops::Sink& sink) { return follow(app, steps, sink); };
    return answer;
}

asio::awaitable<Result<ops::Answer>> dry_up(App& app) {
    auto status = co_await app.database().provider().status(status_limit);
    ops::Answer answer;
    auto const words = status.state == services::ServerState::running ? "nothing to do, services are up"
                       : status.state == services::ServerState::absent && app.database().provider().manages()
                           ? "would make a new cluster, start it and apply the schema"
                           : "would start the database and bring the schema up to date";
    Json line{{"step", "plan"}, {"text", words}, {"done", true}};
    answer.stream = [line](ops::Sink& sink) { return say(line, sink); };
    co_return answer;
}

asio::awaitable<Result<ops::Answer>> up(App& app, ops::Request request) {
    if (flag_or(request.args, "dry_run", false)) {
        auto answer = co_await dry_up(app);
        co_return answer;
    }
    co_return followed(app, app.database().up());
}

asio::awaitable<Result<ops::Answer>> restart(App& app) {
    auto steps = co_await app.database().restart();
    co_return followed(app, std::move(steps));
}

asio::awaitable<Result<ops::Answer>> down(App& app, ops::Request request) {
    auto const keeps_daemon = flag_or(request.args, "keep_daemon", false);
    // What was accepted is written, and this host leaves the fleet, while there is still a database.
    if (!keeps_daemon && app.database().phase() == Phase::running) co_await app.leave_database();
    auto stopped = co_await app.database().down();
    if (!stopped) co_return stopped.error();
    if (!keeps_daemon) app.request_stop("services down");
    auto const state = app.database().provider().manages() ? "stopped" : "disconnected";
    co_return ops::answer_of(Json{{"state", state}, {"daemon", keeps_daemon ? "running" : "stopping"}});
}

asio::awaitable<Result<ops::Answer>> destroy(App& app, ops::Request request) {
    if (text_or(request.args, "confirm", "") != "destroy")
        co_return make_error(ErrorCode::invalid_field,
                             "the data are removed only when confirm is the word destroy", "/confirm");
    if (app.database().provider().manages() && app.database().phase() == Phase::running)
        co_await app.leave_database();
    auto gone = co_await app.database().destroy();
    if (!gone) co_return gone.error();
    app.request_stop("services destroy");
    co_return ops::answer_of(Json{{"state", "absent"}, {"daemon", "stopping"}});
}

asio::awaitable<Result<ops::Answer>> status(App& app) {
    auto json = co_await services_status(app);
    co_return ops::answer_of(json);
}

struct LogSource {
    std::string name;              // "postgres", "daemon"
    std::filesystem::path file{};  // of the daemon; the provider knows its own
};

asio::awaitable<Result<void>> stream_logs(App& app, LogSource source, services::LogRequest request,
                                          ops::Sink& sink) {
    auto last = std::make_shared<std::optional<Time>>();
    services::LineSink const to = [source = source.name, last, &sink](std::string line) {
        return sink.write(log_document(source, line, *last));
    };
    if (source.name == "postgres") {
        auto done = co_await app.database().provider().logs(request, to);
        co_return done;
    }
    auto done = co_await services::read_log(source.file, request, to);
    co_return done;
}

// Both tails in the order of time, then both files as they grow.
asio::awaitable<Result<void>> stream_both(App& app, LogSource daemon, services::LogRequest request,
                                          ops::Sink& sink) {
    struct Dated {
        Time at;
        Json document;
    };
    std::vector<Dated> lines;
    auto collect = [&lines](std::string source, std::vector<std::string> const& from) {
        std::optional<Time> last;
        for (auto const& line : from) {
            auto document = log_document(source, line, last);
            lines.push_back({last.value_or(Time{}), std::move(document)});
        }
    };
    collect("daemon", services::last_lines(daemon.file, request.tail));
    std::vector<std::string> server;
    services::LineSink const keep = [&server](std::string line) -> asio::awaitable<bool> {
        server.push_back(std::move(line));
        co_return true;
    };
    services::LogRequest past{request.tail, false, {}};
    co_await app.database().provider().logs(past, keep);
    collect("postgres", server);
    std::stable_sort(lines.begin(), lines.end(), [](auto const& a, auto const& b) { return a.at < b.at; });
    if (lines.size() > request.tail)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(request.tail));
    for (auto& line : lines) {
        auto const goes_on = co_await sink.write(std::move(line.document));
        if (!goes_on) co_return Result<void>{};
    }
    if (!request.follow) co_return Result<void>{};
    using namespace asio::experimental::awaitable_operators;
    request.tail = 0;
    LogSource const of_server{"postgres", {}};
    auto first = stream_logs(app, daemon, request, sink);
    auto second = stream_logs(app, of_server, request, sink);
    co_await (std::move(first) && std::move(second));
    co_return Result<void>{};
}

asio::awaitable<Result<ops::Answer>> logs(App& app, ops::Request request) {
    auto const source = text_or(request.args, "source", "all");
    auto const& file = app.parts().log.file();
    if (source == "daemon" && file.empty())
        co_return make_error(ErrorCode::not_found,
                             "this fleetd logs to stderr: whoever started it has its lines");
    if (source == "postgres" && !app.database().provider().manages())
        co_return make_error(ErrorCode::not_found,
                             "the logs of an external server are not within reach of fleetd");
    services::LogRequest wanted;
    wanted.tail = static_cast<std::size_t>(std::max<std::int64_t>(0, number_or(request.args, "tail", 100)));
    wanted.follow = flag_or(request.args, "follow", false);
    ops::Answer answer;
    answer.stream = [&app, source, file, wanted](ops::Sink& sink) {
        auto request_of_sink = wanted;
        request_of_sink.is_wanted = [&sink] { return sink.is_open(); };
        LogSource one{source == "postgres" ? "postgres" : "daemon", file};
        if (source != "all") return stream_logs(app, one, request_of_sink, sink);
        return stream_both(app, one, request_of_sink, sink);
    };
    co_return answer;
}

}  // namespace

asio::awaitable<Json> services_status(App& app) {
    auto& database = app.database();
    auto server = co_await database.provider().status(status_limit);
    auto json = services::status_json(server);
    json["phase"] = phase_word(database.phase());
    if (database.phase() == Phase::failed && database.trouble()) {
        json["health"] = "failed";
        json["symbol"] = "✗";
        json["words"] = database.trouble()->message;
        json["hint"] = database.trouble()->hint;
    }
    if (auto url = database.provider().url()) json["url"] = *url;
    if (database.schema()) json["schema"] = database.schema()->version;
    if (auto const& last = app.backup_schedule().last(); !last.empty()) json["backups"] = last;
    co_return json;
}

void bind_services(ops::Operations& operations, App& app) {
    operations.bind("services.status", [&app](ops::Request) { return status(app); });
    operations.bind("services.up", [&app](ops::Request request) { return up(app, std::move(request)); });
    operations.bind("services.down", [&app](ops::Request request) { return down(app, std::move(request)); });
    operations.bind("services.restart", [&app](ops::Request) { return restart(app); });
    operations.bind("services.destroy",
                    [&app](ops::Request request) { return destroy(app, std::move(request)); });
    operations.bind("services.logs", [&app](ops::Request request) { return logs(app, std::move(request)); });
}

}  // namespace fleet::app
