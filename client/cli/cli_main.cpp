#include "cli/cli_main.hpp"

#include "cli/command_line.hpp"
#include "cli/context.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::cli {
namespace {

// The line may be unreadable as a whole; how to answer is asked for all the same.
bool asks_for_json(int argc, char const* const* argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--json") return true;
        if (std::string_view(argv[i]) == "--") return false;
    }
    return false;
}

int fail(Screen& screen, Error const& error) {
    screen.error(error);
    return exit_code(error);
}

std::optional<Error> go_to(std::string const& folder) {
    if (folder.empty()) return std::nullopt;
    std::error_code error;
    std::filesystem::current_path(folder, error);
    if (!error) return std::nullopt;
    Error refused = make_error(ErrorCode::usage, fmt::format("{}: {}", folder, error.message()), "-C");
    refused.hint = "Name a directory that exists and that you may enter.";
    return refused;
}

int run_command(Run const& run, Globals const& globals, Screen& screen) {
    try {
        if (auto error = go_to(globals.directory)) return fail(screen, *error);
        Context context(globals, screen);
        int code = run(context);
        screen.passing("");
        return code;
    } catch (ErrorException const& failure) {
        return fail(screen, failure.error());
    } catch (std::filesystem::filesystem_error const& failure) {
        auto text = fmt::format("{}: {}", failure.path1().string(), failure.code().message());
        return fail(screen, make_error(ErrorCode::internal, std::move(text)));
    } catch (std::exception const& failure) {
        return fail(screen, make_error(ErrorCode::internal, failure.what()));
    }
}

}  // namespace

int cli_main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CommandLine line;
    auto read = line.read(argc, argv);
    Screen screen(line.globals().json || asks_for_json(argc, argv), line.globals().quiet);
    if (auto const* error = std::get_if<Error>(&read)) return fail(screen, *error);
    if (auto const* said = std::get_if<Said>(&read)) {
        std::fwrite(said->text.data(), 1, said->text.size(), stdout);
        return 0;
    }
    return run_command(std::get<Run>(read), line.globals(), screen);
}

}  // namespace fleet::cli
