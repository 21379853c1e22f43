// Finds the operation that an address means. Pure: the table of the catalogue, no I/O.
#pragma once

#include <fleet/json_value.hpp>
#include <fleet/operations.hpp>
#include <fleet/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fleet::faces {

struct Route {
    Operation const* operation = nullptr;
    Json path_args = Json::object();                 // path parameters, percent-decoded, as text
};

// Routes of the catalogue below /api/v1, and those of the root (healthz, readyz, metrics, openapi.json).
class Router {
public:
    Router();

    // `path` is percent-encoded and without the query. Errors: not_found; method_not_allowed with
    // detail {"allow": ["GET", "POST"]}; bad_json for a broken percent escape.
    Result<Route> find(std::string_view method, std::string_view path) const;

private:
    struct Entry {
        std::vector<std::string> segments;           // "{name}" binds a parameter
        Operation const* operation;
    };
    std::vector<Entry> entries_;
};

// "a%2Fb" → "a/b". Errors: bad_json (a broken escape, invalid UTF-8, U+0000).
Result<std::string> percent_decoded(std::string_view text);

// Members of a query string, as text; a name that comes twice is refused. "+" is a blank.
Result<Json> query_args(std::string_view query);

}  // namespace fleet::faces
