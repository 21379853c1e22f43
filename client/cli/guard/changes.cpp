#include "cli/guard/changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace fleet::cli {
namespace {

using Paths = std::set<std::string>;

Result<Paths> differing(Git const& git, std::string const& base) {
    auto said = git.out({"diff-index", "--cached", "--name-only", "--no-renames", "--no-ext-diff",
                         "--ignore-submodules=none", "--ita-invisible-in-index", "-z", base, "--"});
    if (!said) return said.error();
    auto names = split_nul(*said);
    return Paths(names.begin(), names.end());
}

// The commits that are being merged; empty when this is no merge.
std::vector<std::string> merged_heads(Git const& git) {
    auto file = git.line({"rev-parse", "--path-format=absolute", "--git-path", "MERGE_HEAD"});
    std::vector<std::string> heads;
    if (!file) return heads;
    std::ifstream in(*file);
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) heads.push_back(line);
    return heads;
}

bool is_nothing(std::string const& id) {
    return id.find_first_not_of('0') == std::string::npos;
}

// Those of the ids that are there and are commits, or tags of commits, as commits.
Result<std::vector<std::string>> commits_among(Git const& git, std::set<std::string> const& ids) {
    std::vector<std::string> commits;
    if (ids.empty()) return commits;
    std::string input;
    for (std::string const& id : ids) input += id + "^{commit}\n";
    auto said = git.out({"cat-file", "--batch-check=%(objectname) %(objecttype)"}, input);
    if (!said) return said.error();
    std::istringstream lines(*said);
    for (std::string line; std::getline(lines, line);) {
        auto const space = line.find(' ');
        if (space != std::string::npos && line.substr(space + 1) == "commit")
            commits.push_back(line.substr(0, space));
    }
    return commits;
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

struct Commit {
    std::string id{};
    Moments moments{};
};

Result<std::vector<Commit>> new_commits(Git const& git, std::vector<std::string> const& wanted,
                                        std::vector<std::string> const& there, std::int64_t since) {
    std::string input;
    for (std::string const& id : wanted) input += id + "\n";
    for (std::string const& id : there) input += "^" + id + "\n";
    // Not those of any remote: what has been published already is nobody's secret any more.
    auto said = git.out(
        {"rev-list", "--stdin", "--no-commit-header", "--format=%H %at %ct", "--not", "--remotes"}, input);
    if (!said) return said.error();
    std::vector<Commit> commits;
    std::istringstream lines(*said);
    for (std::string id, written, made; lines >> id >> written >> made;) {
        Commit commit{id, {number(written), number(made)}};
        if (commit.moments.back() < since) continue;
        if (commit.moments.front() == commit.moments.back()) commit.moments.pop_back();
        commits.push_back(std::move(commit));
    }
    return commits;
}

}  // namespace

std::vector<std::string> split_nul(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        auto const end = std::min(text.find('\0'), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

Result<Changes> staged_changes(Git const& git) {
    std::vector<std::string> parents;
    if (auto head = git.line({"rev-parse", "-q", "--verify", "HEAD^{commit}"})) parents.push_back(*head);
    if (parents.empty()) {
        // The first commit: all is new. The empty tree has another id in a repository of SHA-256.
        auto empty = git.line({"hash-object", "-t", "tree", "--stdin"});
        if (!empty) return make_error(ErrorCode::internal, "git hash-object does not work here");
        parents.push_back(*empty);
    }
    for (std::string& head : merged_heads(git)) parents.push_back(std::move(head));
    Paths paths;
    for (std::size_t i = 0; i < parents.size(); ++i) {
        auto differ = differing(git, parents[i]);
        if (!differ) return differ.error();
        if (i == 0) {
            paths = std::move(*differ);
            continue;
        }
        Paths both;
        std::set_intersection(paths.begin(), paths.end(), differ->begin(), differ->end(),
                              std::inserter(both, both.end()));
        paths = std::move(both);
    }
    Changes changes;
    for (std::string const& path : paths) changes[path];
    return changes;
}

Result<std::vector<PushedRef>> read_pushed(std::string_view input) {
    std::vector<PushedRef> refs;
    std::istringstream lines{std::string(input)};
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        std::istringstream words(line);
        PushedRef ref;
        std::string more;
        if (!(words >> ref.local >> ref.local_id >> ref.remote >> ref.remote_id) || words >> more) {
            Error error = make_error(ErrorCode::invalid_field,
                                     fmt::format("\"{}\" is no line that git gives to pre-push", line));
            error.hint = "Give: local-ref local-id remote-ref remote-id.";
            return error;
        }
        refs.push_back(std::move(ref));
    }
    return refs;
}

Result<Changes> pushed_changes(Git const& git, std::vector<PushedRef> const& refs, std::int64_t since) {
    std::set<std::string> wanted;
    std::set<std::string> there;
    for (PushedRef const& ref : refs) {
        if (is_nothing(ref.local_id)) continue;  // a ref that is removed
        wanted.insert(ref.local_id);
        if (!is_nothing(ref.remote_id)) there.insert(ref.remote_id);
    }
    auto news = commits_among(git, wanted);
    if (!news) return news.error();
    // What the remote has and this repository does not cannot be subtracted.
    auto known = commits_among(git, there);
    if (!known) return known.error();
    Changes changes;
    if (news->empty()) return changes;
    auto commits = new_commits(git, *news, *known, since);
    if (!commits) return commits.error();
    std::map<std::string, Commit const*> by_id;
    std::string input;
    for (Commit const& commit : *commits) {
        by_id[commit.id] = &commit;
        input += commit.id + "\n";
    }
    if (input.empty()) return changes;
    auto said = git.out({"diff-tree", "--stdin", "-r", "-c", "--root", "--name-only", "--no-renames",
                         "--no-ext-diff", "--ignore-submodules=none", "--always", "-z"},
                        input);
    if (!said) return said.error();
    // Each commit's id stands before its files, as one more part. A file of that name is at home nowhere.
    Commit const* commit = nullptr;
    for (std::string const& part : split_nul(*said)) {
        if (auto found = by_id.find(part); found != by_id.end()) {
            commit = found->second;
            continue;
        }
        if (commit == nullptr) continue;
        TouchedFile& change = changes[part];
        if (change.commit.empty()) change.commit = commit->id;
        if (std::find(change.times.begin(), change.times.end(), commit->moments) == change.times.end())
            change.times.push_back(commit->moments);
    }
    return changes;
}

}  // namespace fleet::cli
