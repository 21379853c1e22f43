// The head of an answer as text. Pure; internal to this room.
#pragma once

#include "net/http.hpp"

#include <string>
#include <string_view>

namespace fleet::net {

// Status line and fields up to the empty line. With a stream, the length is unknown: chunked for HTTP/1.1. A
// line break in a value becomes a blank, so that no value can smuggle in a field.
std::string response_head(HttpResponse const& response, unsigned version, bool keeps, std::string_view date);

std::string_view reason_phrase(int status);

}  // namespace fleet::net
