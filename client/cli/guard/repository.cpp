#include "cli/guard/repository.hpp"

#include "cli/child.hpp"

#include <fmt/format.h>

namespace fleet::cli {
namespace {

// `git rev-parse --local-env-vars`, and what git sets besides for a hook.
std::vector<std::string> const git_variables{"GIT_DIR",
                                             "GIT_WORK_TREE",
                                             "GIT_INDEX_FILE",
                                             "GIT_PREFIX",
                                             "GIT_COMMON_DIR",
                                             "GIT_OBJECT_DIRECTORY",
                                             "GIT_NAMESPACE",
                                             "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                             "GIT_CONFIG",
                                             "GIT_CONFIG_COUNT",
                                             "GIT_CONFIG_PARAMETERS",
                                             "GIT_IMPLICIT_WORK_TREE",
                                             "GIT_GRAFT_FILE",
                                             "GIT_SHALLOW_FILE",
                                             "GIT_REPLACE_REF_BASE",
                                             "GIT_NO_REPLACE_OBJECTS",
                                             "GIT_INTERNAL_SUPER_PREFIX"};

void cut_line_end(std::string& text) {
    if (!text.empty() && text.back() == '\n') text.pop_back();
}

fs::path absolute(fs::path const& base, std::string const& path) {
    return (base / path).lexically_normal();
}

// "global\t/home/ann/.githooks" → "global".
std::string scope_of_hooks(Git const& git) {
    auto said = git.line({"config", "--show-scope", "--get", "core.hooksPath"}).value_or("");
    return said.substr(0, said.find('\t'));
}

}  // namespace

Result<std::string> Git::out(std::vector<std::string> const& words, std::string_view input) const {
    std::vector<std::string> command{"git", "-C", directory_.string()};
    command.insert(command.end(), words.begin(), words.end());
    auto ran = run_child(command, input, is_foreign_ ? git_variables : std::vector<std::string>{});
    if (ran.is_good()) return std::move(ran.out);
    cut_line_end(ran.err);
    auto text = ran.status == 127 ? std::string("git is not there")
                                  : fmt::format("git {} failed ({}): {}", words.front(), ran.status, ran.err);
    Error error = make_error(ErrorCode::internal, std::move(text));
    error.hint = ran.status == 127 ? "Install git, or add it to PATH." : "Run the same with git to see more.";
    return error;
}

std::optional<std::string> Git::line(std::vector<std::string> const& words, std::string_view input) const {
    auto said = out(words, input);
    if (!said) return std::nullopt;
    cut_line_end(*said);
    return std::move(said).value();
}

std::optional<fs::path> Repository::main_worktree() const {
    if (common.filename() != ".git" || common.parent_path() == top) return std::nullopt;
    return common.parent_path();
}

Result<Repository> find_repository(fs::path const& directory, bool is_foreign) {
    Git const here(directory, is_foreign);
    auto top = here.out({"rev-parse", "--show-toplevel"});
    if (!top) {
        if (top.error().message == "git is not there") return top.error();
        Error error =
            make_error(ErrorCode::not_found, fmt::format("{} is in no worktree of git", directory.string()));
        error.hint = "Go to one, or make one: git init.";
        return error;
    }
    cut_line_end(*top);
    Repository found;
    found.top = *top;
    // From the top: git prints a relative core.hooksPath as it is, and means it from there.
    Git const git(found.top, is_foreign);
    auto hooks = git.line({"rev-parse", "--git-path", "hooks"});
    auto common = git.line({"rev-parse", "--git-common-dir"});
    if (!hooks || !common) return make_error(ErrorCode::internal, "git does not say where its hooks are");
    found.hooks = absolute(found.top, *hooks);
    found.common = absolute(found.top, *common);
    found.hooks_scope = scope_of_hooks(git);
    auto super = git.line({"rev-parse", "--show-superproject-working-tree"});
    if (super && !super->empty()) found.superproject = *super;
    return found;
}

Result<std::vector<fs::path>> submodules_of(Repository const& repository) {
    // Run by a shell in each of them; each path ends with a NUL.
    constexpr char each[] = "printf '%s\\0' \"$(pwd)\"";
    auto said = Git(repository.top).out({"submodule", "--quiet", "foreach", "--quiet", "--recursive", each});
    if (!said) return said.error();
    std::vector<fs::path> found;
    for (std::size_t begin = 0; begin < said->size();) {
        auto const end = said->find('\0', begin);
        found.emplace_back(said->substr(begin, end - begin));
        begin = end + 1;
    }
    return found;
}

}  // namespace fleet::cli
