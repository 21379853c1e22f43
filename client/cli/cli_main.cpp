#include "cli/cli_main.hpp"

#include "cli/command_line.hpp"
#include "cli/context.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
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

int run_command(Run const& run, Globals const& globals, Screen& screen) {
    try {
        if (!globals.directory.empty()) std::filesystem::current_path(globals.directory);
        Context context(globals, screen);
        int code = run(context);
        screen.passing("");
        return code;
    } catch (ErrorException const& failure) {
        return fail(screen, failure.error());
    } catch (std::filesystem::filesystem_error const& failure) {
        auto text = fmt::format("{}: {}", failure.path1().string(), failure.code().message());
        return fail(screen, make_error(ErrorCode::usage, std::move(text), "-C"));
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
