// fleet completion, help, and the hidden `man`: what is made from the commands themselves.
#include "cli/completion.hpp"
#include "cli/context.hpp"
#include "cli/man_pages.hpp"
#include "cli/menu.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace fleet::cli {
namespace {

void print(std::string const& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

int completion(CLI::App const& root, std::string const& shell) {
    if (shell == "bash") print(bash_completion(root));
    if (shell == "zsh") print(zsh_completion(root));
    if (shell == "fish") print(fish_completion(root));
    return 0;
}

void write_page(fs::path const& file, std::string const& text) {
    std::ofstream out(file, std::ios::trunc);
    out << text;
    out.close();
    if (!out) refuse(ErrorCode::usage, fmt::format("{} cannot be written", file.string()));
}

// Everything that `make install` puts beside the programs.
int documents(CLI::App const& root, fs::path const& folder) {
    fs::create_directories(folder);
    write_page(folder / "fleet.1", fleet_page(root));
    write_page(folder / "fleetd.8", fleetd_page());
    write_page(folder / "fleet.toml.5", settings_page());
    write_page(folder / "fleet.bash", bash_completion(root));
    write_page(folder / "_fleet", zsh_completion(root));
    write_page(folder / "fleet.fish", fish_completion(root));
    return 0;
}

int help(CLI::App& root, std::vector<std::string> const& words) {
    CLI::App* app = &root;
    std::string name = root.get_name();
    for (std::string const& word : words) {
        auto below = app->get_subcommands([&](CLI::App const* one) { return one->check_name(word); });
        if (below.empty())
            refuse(ErrorCode::usage, fmt::format("there is no command {}", word), "`fleet help` lists them.");
        app = below.front();
        name += " " + app->get_name();
    }
    // Asked for another command than the one that runs: its own page, not that of `help`.
    print(app->get_formatter()->make_help(app, name, CLI::AppFormatMode::Normal));
    return 0;
}

}  // namespace

void add_documents(Menu& menu) {
    CLI::App& root = menu.root();
    auto shell = std::make_shared<std::string>();
    menu.command("completion", "Completion for your shell: source <(fleet completion bash)", "Help",
                 [&root, shell](Context&) { return completion(root, *shell); })
        .add_option("shell", *shell, "bash, zsh or fish")
        ->required()
        ->type_name("SHELL")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    auto words = std::make_shared<std::vector<std::string>>();
    menu.command("help", "What a command does", "Help",
                 [&root, words](Context&) { return help(root, *words); })
        .add_option("command", *words, "The command")
        ->type_name("COMMAND");
    auto folder = std::make_shared<std::string>();
    menu.command("man", "Write manual pages and completions into a directory", "",
                 [&root, folder](Context&) { return documents(root, *folder); })
        .add_option("directory", *folder, "Where to")
        ->required();
}

}  // namespace fleet::cli
