#pragma once
// From an operation and its arguments to an HTTP request, and from the answer to a document. Without I/O.
#include "transport/http_connection.hpp"

#include <fleet/client.hpp>
#include <fleet/operations.hpp>

#include <string>

namespace fleet {

// Path parameters are taken from `args` by name; the rest is the query of a GET, else the body.
// Errors: invalid_field (a path parameter is missing), not_found (the operation has no HTTP face).
Result<transport::HttpRequest> make_request(Operation const& operation, Json args,
                                            CallOptions const& options);

// The document of an answer, or the problem it holds. An answer that is neither gives `internal`.
Result<Json> document_of(transport::HttpAnswer const& answer);

}  // namespace fleet
