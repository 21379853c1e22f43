#include "net/http_head.hpp"

#include <fmt/format.h>

#include <iterator>

namespace fleet::net {

std::string_view reason_phrase(int status) {
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return status < 400 ? "OK" : "Error";
    }
}

namespace {

void add_field(std::string& head, std::string_view name, std::string_view value) {
    head += name;
    head += ": ";
    for (char const c : value) head += c == '\r' || c == '\n' ? ' ' : c;
    head += "\r\n";
}

}  // namespace

std::string response_head(HttpResponse const& response, unsigned version, bool keeps, std::string_view date) {
    std::string head;
    head.reserve(256 + (response.stream ? 0 : response.body.size()));
    fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", response.status,
                   reason_phrase(response.status));
    add_field(head, "Server", "fleetd");
    add_field(head, "Date", date);
    if (!response.content_type.empty()) add_field(head, "Content-Type", response.content_type);
    for (auto const& [name, value] : response.headers) add_field(head, name, value);
    if (!response.stream) add_field(head, "Content-Length", std::to_string(response.body.size()));
    else if (version >= 11) add_field(head, "Transfer-Encoding", "chunked");
    // HTTP/1.0 ends a body of unknown length, and by default every connection, by closing.
    if (!keeps || (version < 11 && response.stream)) add_field(head, "Connection", "close");
    else if (version < 11) add_field(head, "Connection", "keep-alive");
    head += "\r\n";
    return head;
}

}  // namespace fleet::net
