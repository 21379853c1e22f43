#include "auth/bounds.hpp"

namespace fleet::auth {

std::optional<Error> keep_to_project(Identity const& caller, std::string& project) {
    if (!caller.is_bound || project == caller.project) return std::nullopt;
    if (!project.empty())
        return make_error(ErrorCode::forbidden, "this token belongs to project " + caller.project,
                          "/project");
    project = caller.project;
    return std::nullopt;
}

}  // namespace fleet::auth
