// fleet services logs, url, psql.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/program.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace fleet::cli {
namespace {

struct LogFlags {
    std::string source = "all";
    int tail = 20;
    bool follow = false;
};

// A line begins with its own time more often than not; it stands in front already.
std::string without_time(std::string const& line) {
    bool dated = line.size() > 24 && line[4] == '-' && line[7] == '-' && line[13] == ':';
    if (!dated) return line;
    auto end = line[10] == 'T' ? line.find(' ') : line.find(' ', 24);
    auto from = end == std::string::npos ? end : line.find_first_not_of(' ', end);
    return from == std::string::npos ? line : line.substr(from);
}

int logs(Context& context, LogFlags const& flags) {
    Screen& screen = context.screen();
    Json args{{"source", flags.source}, {"tail", flags.tail}};
    if (flags.follow) args["follow"] = true;
    auto line = [&](Json const& entry) {
        screen.document(entry);
        auto source = text_or(entry, "source", "");
        screen.say(fmt::format("{}  {}  {}", screen.style()(Ink::dim, text_or(entry, "at", "")),
                               screen.style()(Ink::cyan, fmt::format("{:<8}", source)),
                               printable(without_time(text_or(entry, "line", "")))));
        return true;
    };
    auto answer = context.stream("services.logs", std::move(args), line);
    if (!answer && answer.error().code == ErrorCode::cancelled && flags.follow) return 0;
    must(std::move(answer));
    return 0;
}

std::string database_url(Context& context) {
    Json status = context.call("services.status");
    Json const& database = status.contains("database") ? status.at("database") : status;
    auto url = text_or(database, "url", text_or(status, "url", ""));
    if (!url.empty()) return url;
    refuse(ErrorCode::not_running, "the database is not running", "`fleet services up` starts it.");
}

int url(Context& context) {
    auto text = database_url(context);
    context.screen().document({{"url", text}});
    context.screen().say(text);
    return 0;
}

int psql(Context& context, std::vector<std::string> words) {
    auto url = database_url(context);
    auto program = find_program("psql");
    if (!program)
        refuse(ErrorCode::binaries_missing, "psql is not in PATH", "Debian: apt install postgresql-client");
    std::vector<std::string> line{program->string(), url};
    line.insert(line.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (std::string& word : line) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    ::execv(arguments.front(), arguments.data());
    refuse(ErrorCode::internal, fmt::format("psql cannot be started: {}", std::strerror(errno)));
}

void add_logs(Menu& menu, CLI::App& services) {
    auto flags = std::make_shared<LogFlags>();
    auto& app = menu.command(services, "logs", "What the daemon and the database say, with times",
                             [flags](Context& context) { return logs(context, *flags); });
    app.add_option("source", flags->source, "postgres, daemon or all")
        ->type_name("SOURCE")
        ->check(CLI::IsMember({"postgres", "daemon", "all"}));
    app.add_option("--tail,-n", flags->tail, "How many lines")->type_name("N")->check(CLI::Range(0, 100'000));
    app.add_flag("--follow,-f", flags->follow, "Go on as lines come");
}

}  // namespace

void add_service_tools(Menu& menu, CLI::App& services) {
    add_logs(menu, services);
    menu.command(services, "url", "The database's address, without a password", url);
    auto words = std::make_shared<std::vector<std::string>>();
    menu.command(services, "psql", "Open psql on the database",
                 [words](Context& context) { return psql(context, *words); })
        .add_option("arguments", *words, "Passed on to psql (after --)");
    menu.command("url", "The database's address, without a password", "Services", url);
}

}  // namespace fleet::cli
