#include "cli/menu.hpp"

namespace fleet::cli {

CLI::App& Menu::group(std::string const& name, std::string const& words, std::string const& section) {
    CLI::App* app = root_.add_subcommand(name, words);
    app->require_subcommand(0, 1);
    app->group(section);
    return *app;
}

CLI::App& Menu::command(CLI::App& parent, std::string const& name, std::string const& words, Run run) {
    CLI::App* app = parent.add_subcommand(name, words);
    app->require_subcommand(0, 1);
    runs_[app] = std::move(run);
    return *app;
}

CLI::App& Menu::command(std::string const& name, std::string const& words, std::string const& section,
                        Run run) {
    CLI::App& app = command(root_, name, words, std::move(run));
    app.group(section);
    return app;
}

CLI::App& Menu::chosen(CLI::App& root) {
    CLI::App* app = &root;
    for (auto below = app->get_subcommands(); !below.empty(); below = app->get_subcommands())
        app = below.back();
    return *app;
}

Run const* Menu::run_of(CLI::App const& app) const {
    auto found = runs_.find(&app);
    return found == runs_.end() ? nullptr : &found->second;
}

std::vector<std::string> words_below(CLI::App const& app) {
    std::vector<std::string> words;
    for (CLI::App const* one : app.get_subcommands([](CLI::App const*) { return true; })) {
        if (!one->get_group().empty()) words.push_back(one->get_name());
    }
    return words;
}

void add_commands(Menu& menu) {
    add_services(menu);
    add_uninstall(menu);
    add_project(menu);
    add_setup(menu);
    add_projects(menu);
    add_pilots(menu);
    add_prime(menu);
    add_board(menu);
    add_missions(menu);
    add_sorties(menu);
    add_orders(menu);
    add_mail(menu);
    add_rules(menu);
    add_reservations(menu);
    add_files(menu);
    add_guard(menu);
    add_safety(menu);
    add_events(menu);
    add_watch(menu);
    add_cursors(menu);
    add_checkpoints(menu);
    add_resume(menu);
    add_rulings(menu);
    add_usage(menu);
    add_budget(menu);
    add_sessions(menu);
    add_hook(menu);
    add_mcp(menu);
    add_history(menu);
    add_replay(menu);
    add_db(menu);
    add_backup(menu);
    add_simulate(menu);
    add_documents(menu);
}

}  // namespace fleet::cli
