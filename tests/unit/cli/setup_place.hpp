#pragma once
// A project, a home and a state directory of the moment, for setups.
#include "cli/setup/plan.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace fleet::cli::setup_test {

namespace fs = std::filesystem;

using Tree = std::map<std::string, std::string>;

// Gone at the end.
class SetupPlace {
public:
    SetupPlace() {
        auto name = (fs::temp_directory_path() / "fleet-setup-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        for (auto const* folder : {"project", "home", "state"}) fs::create_directory(root_ / folder);
    }
    ~SetupPlace() { fs::remove_all(root_); }
    SetupPlace(SetupPlace const&) = delete;
    SetupPlace& operator=(SetupPlace const&) = delete;

    SetupChoice choice(SetupScope scope = SetupScope::project) const {
        SetupChoice choice;
        choice.scope = scope;
        choice.top = root_ / "project";
        choice.home = root_ / "home";
        choice.command = "fleet";
        return choice;
    }
    fs::path project(std::string const& name) const { return root_ / "project" / name; }
    Originals originals() const { return Originals(root_ / "state"); }

    void write(fs::path const& file, std::string const& text) const {
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
    }
    Tree tree() const {
        Tree files;
        for (auto const* part : {"project", "home"})
            for (auto const& entry : fs::recursive_directory_iterator(root_ / part)) {
                auto const name = fs::relative(entry.path(), root_).string();
                std::ostringstream text;
                if (entry.is_regular_file()) text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
                files[name] = entry.is_directory() ? "directory" : text.str();
            }
        return files;
    }

private:
    fs::path root_;
};

inline void set_up(SetupPlace const& place, ClientInfo const& client, SetupChoice const& choice) {
    auto const setup = client_setup(client, choice);
    test::must(carry_out(test::must(plan_setup(setup)), setup, place.originals(), false));
}

inline void take_out(SetupPlace const& place, ClientInfo const& client, SetupChoice const& choice) {
    auto const setup = client_setup(client, choice);
    auto const changes = test::must(plan_uninstall(setup, place.originals(), {}));
    test::must(carry_out(changes, setup, place.originals(), true));
}

inline std::string text_of(fs::path const& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace fleet::cli::setup_test
