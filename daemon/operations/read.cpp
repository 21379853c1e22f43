// The generic way of reads: rows go from the database to the client as the JSON text they are.
#include "operations/state.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::ops {

namespace {

constexpr std::int64_t page_default = 100;
// The version of a larger object is not looked for: reading it would hold up the loop.
constexpr std::size_t parsed_max = 256 * 1024;

bool is_elsewhere(std::string const& json, std::string const& project) {
    auto const object = parse_json(json);
    if (!object || !object->is_object()) return false;
    auto const home = text_or(*object, "project", project);
    return !home.empty() && home != project;
}

// An empty page of a project that nobody registered would pass for one in which nothing happened.
asio::awaitable<std::optional<Error>> unknown_project(Operations::State& state, std::string project) {
    Json filter{{"key", project}};
    std::string const statement("show_project");
    auto found = co_await state.parts.reads.show(statement, std::move(filter));
    if (found) co_return std::nullopt;
    if (found.error().code != ErrorCode::not_found) co_return found.error();
    auto error = make_error(ErrorCode::not_found, "there is no project " + project, "/project");
    error.hint = "`fleet projects list` shows those there are; `fleet init` registers the one you are in.";
    co_return error;
}

}  // namespace

std::optional<std::int64_t> version_in(std::string_view json) {
    if (json.size() > parsed_max || json.find("\"stream_version\"") == json.npos) return std::nullopt;
    auto const object = parse_json(json);
    if (!object || !object->is_object() || !object->contains("stream_version")) return std::nullopt;
    return number_or(*object, "stream_version", 0);
}

std::string page_text(std::vector<store::Item> items, PageShape shape, std::string_view more_members) {
    bool const has_more = std::cmp_greater(items.size(), shape.limit);
    std::string next_key;
    if (has_more && shape.goes_back) {
        items.erase(items.begin());
        next_key = items.front().key;
    } else if (has_more) {
        items.pop_back();
        next_key = items.back().key;
    }
    std::size_t bytes = 64;
    for (auto const& item : items) bytes += item.json.size() + 1;
    std::string text;
    text.reserve(bytes);
    text += "{\"items\":[";
    for (auto const& item : items) {
        if (text.back() != '[') text += ',';
        text += item.json;
    }
    text += ']';
    if (!next_key.empty())
        text += fmt::format(",\"{}\":{}", shape.goes_back ? "previous" : "next", json_text(Json(next_key)));
    text += more_members;
    text += '}';
    return text;
}

asio::awaitable<Result<Answer>> read_by_table(Operations::State& state, Operation const& operation,
                                              Request request) {
    std::string const statement(operation.statement);
    // What the bus has read was committed before: the read below sees at least as much.
    std::int64_t const seen = state.parts.bus.head();
    if (!request.args.contains("project") && !request.project.empty())
        request.args["project"] = request.project;

    Answer answer;
    answer.seq = seen;
    if (operation.is_single) {
        auto item = co_await state.parts.reads.show(statement, std::move(request.args));
        if (!item) co_return item.error();
        // An id alone may lead anywhere.
        if (request.caller.is_bound && is_elsewhere(item->json, request.caller.project))
            co_return make_error(ErrorCode::not_found);
        answer.version = version_in(item->json);
        answer.json = std::move(item->json);
        co_return answer;
    }
    PageShape shape{.limit = number_or(request.args, "limit", page_default)};
    shape.goes_back = request.args.contains("before") && !request.args.contains("after");
    request.args["limit"] = shape.limit + 1;         // one more tells whether there is a next page
    auto project = text_or(request.args, "project", "");
    auto items = co_await state.parts.reads.list(statement, std::move(request.args));
    if (!items) co_return items.error();
    if (items->empty() && !project.empty()) {
        auto error = co_await unknown_project(state, std::move(project));
        if (error) co_return *std::move(error);
    }
    std::string more = fmt::format(",\"seq\":{}", seen);
    if (statement == "list_events" && !state.parts.bus.incarnation().empty())
        more += fmt::format(",\"head\":\"{}\"", position_text(state.parts.bus.position(seen)));
    answer.json = page_text(*std::move(items), shape, more);
    co_return answer;
}

}  // namespace fleet::ops
