#pragma once
// Which files a commit or a push changes. A renamed file counts by both names; of a merge only what differs
// from each of its parents: the rest was committed by others before.
#include "cli/guard/repository.hpp"

#include <fleet/result.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

// Seconds since 1970 at which a commit was written and made.
using Moments = std::vector<std::int64_t>;

struct TouchedFile {
    std::vector<Moments> times{};  // of the commits that are pushed; none for what is to be committed
    std::string commit{};          // the first of them
};

// By path from the top of the repository, bytes as git has them.
using Changes = std::map<std::string, TouchedFile>;

// What the commit that is being made would change.
Result<Changes> staged_changes(Git const& git);

struct PushedRef {
    std::string local{};
    std::string local_id{};
    std::string remote{};
    std::string remote_id{};

    friend bool operator==(PushedRef const&, PushedRef const&) = default;
};

// The standard input of pre-push. Errors: invalid_field (a line that is none).
Result<std::vector<PushedRef>> read_pushed(std::string_view input);

// What the commits change that no remote has yet. Those made before `since` were not asked about when they
// were made, and are not now.
Result<Changes> pushed_changes(Git const& git, std::vector<PushedRef> const& refs, std::int64_t since);

// Paths that git printed with -z.
std::vector<std::string> split_nul(std::string_view text);

}  // namespace fleet::cli
