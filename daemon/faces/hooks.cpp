#include "faces/hooks.hpp"

#include <string>
#include <utility>

namespace fleet::faces {

Json hook_body(Json said, net::Headers const& headers) {
    Json body = Json::object();
    // Our own clients name the argument.
    if (said.is_object() && said.contains("hook_input"))
        body = std::move(said);
    else
        body["hook_input"] = std::move(said);
    auto const cwd = headers.get("Fleet-Cwd");
    if (cwd && !body.contains("cwd")) body["cwd"] = std::string(*cwd);
    return body;
}

}  // namespace fleet::faces
