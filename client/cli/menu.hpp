#pragma once
// The commands: CLI11 definitions, and what each does. Help, completion and man pages are made from the same
// tree.
#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace fleet::cli {

class Context;

// Answers the exit code; throws `ErrorException`.
using Run = std::function<int(Context&)>;

class Menu {
public:
    explicit Menu(CLI::App& root) : root_(root) {}

    CLI::App& root() const { return root_; }
    // A word that needs another one after it. `section` is where the help lists it.
    CLI::App& group(std::string const& name, std::string const& words, std::string const& section);
    CLI::App& command(CLI::App& parent, std::string const& name, std::string const& words, Run run);
    CLI::App& command(std::string const& name, std::string const& words, std::string const& section, Run run);
    // The same word does something of its own and has others below it.
    void also(CLI::App& app, Run run) { runs_[&app] = std::move(run); }

    // The deepest command of the parsed line.
    static CLI::App& chosen(CLI::App& root);
    Run const* run_of(CLI::App const& app) const;

private:
    CLI::App& root_;
    std::map<CLI::App const*, Run> runs_{};
};

// The names of the commands below `app`, hidden ones left out.
std::vector<std::string> words_below(CLI::App const& app);

// Every group; each fills the menu with its commands.
void add_services(Menu& menu);
void add_service_tools(Menu& menu, CLI::App& services);
void add_upgrade(Menu& menu, CLI::App& services);
void add_uninstall(Menu& menu);
void add_db(Menu& menu);
void add_backup(Menu& menu);
void add_project(Menu& menu);
void add_setup(Menu& menu);
void add_projects(Menu& menu);
void add_pilots(Menu& menu);
void add_reservations(Menu& menu);
void add_release(Menu& menu);
void add_files(Menu& menu);
void add_guard(Menu& menu);
void add_missions(Menu& menu);
void add_sorties(Menu& menu);
void add_sortie_claim(Menu& menu, CLI::App& sorties);
void add_sortie_work(Menu& menu, CLI::App& sorties);
void add_sortie_ends(Menu& menu, CLI::App& sorties);
void add_orders(Menu& menu);
void add_order_work(Menu& menu, CLI::App& orders);
void add_board(Menu& menu);
void add_mail(Menu& menu);
void add_mail_reading(Menu& menu, CLI::App& mail);
void add_rules(Menu& menu);
void add_safety(Menu& menu);
void add_events(Menu& menu);
void add_watch(Menu& menu);
void add_cursors(Menu& menu);
void add_prime(Menu& menu);
void add_checkpoints(Menu& menu);
void add_resume(Menu& menu);
void add_rulings(Menu& menu);
void add_usage(Menu& menu);
void add_budget(Menu& menu);
void add_sessions(Menu& menu);
void add_hook(Menu& menu);
void add_mcp(Menu& menu);
void add_history(Menu& menu);
void add_replay(Menu& menu);
void add_simulate(Menu& menu);
void add_documents(Menu& menu);

void add_commands(Menu& menu);

}  // namespace fleet::cli
