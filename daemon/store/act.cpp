#include "store/act.hpp"

#include <fleet/assert.hpp>
#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <algorithm>

namespace fleet::store {

namespace {

void put_text(std::string& out, std::string_view text) {
    bool const plain = std::all_of(text.begin(), text.end(), [](char const c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
    });
    if (!plain) {
        out += json_text(Json(std::string(text)));
        return;
    }
    out += '"';
    out += text;
    out += '"';
}

void put_member(std::string& out, std::string_view name, std::string_view text) {
    if (text.empty()) return;
    out += ",\"";
    out += name;
    out += "\":";
    put_text(out, text);
}

std::optional<Error> refusal_of(pg::Row const& row) {
    if (row.flag(1)) return std::nullopt;
    auto const code = error_code_from(row.text(2)).value_or(ErrorCode::internal);
    auto error = make_error(code, std::string(row.text(4)), std::string(row.text(3)));
    if (!row.text(5).empty()) error.hint = row.text(5);
    // Our own database wrote it: that it can be read is not in question, what it holds is for the caller.
    if (!row.is_null(6)) error.detail = Json::parse(row.text(6), nullptr, false);
    return error;
}

}  // namespace

Json ActRow::result_json() const {
    if (result.empty()) return Json::object();
    auto value = Json::parse(result, nullptr, false);
    FLEET_ASSERT(!value.is_discarded(), "the database writes JSON that can be read");
    return value;
}

void seal(ActRequest& request) {
    if (request.op != "append" || !request.args.is_object() || !request.args.contains("events")) {
        if (request.key.empty()) request.key = new_id("evt");
        return;
    }
    // Cheaper here than in the database, also for a request that has a key of its own.
    auto& events = request.args["events"];
    if (!events.is_array()) return;
    for (auto& event : events)
        if (event.is_object() && !event.contains("event_id")) event["event_id"] = new_id("evt");
}

std::string request_text(ActRequest const& request) {
    auto const args = json_text(request.args);
    std::string out;
    out.reserve(args.size() + 256);
    out += "{\"op\":";
    put_text(out, request.op);
    put_member(out, "project", request.project);
    put_member(out, "actor", request.actor);
    put_member(out, "caller", request.caller);
    put_member(out, "key", request.key);
    put_member(out, "digest", request.digest);
    put_member(out, "host", request.host);
    if (request.epoch) out += ",\"epoch\":" + std::to_string(*request.epoch);
    if (!request.roles.empty()) out += ",\"roles\":" + json_text(Json(request.roles));
    if (!request.metadata.empty()) out += ",\"metadata\":" + json_text(request.metadata);
    if (request.fence) {
        out += ",\"fence\":{\"kind\":";
        put_text(out, request.fence->kind);
        put_member(out, "id", request.fence->id);
        out += ",\"token\":" + std::to_string(request.fence->token) + "}";
    }
    out += ",\"args\":";
    out += args;
    out += '}';
    return out;
}

std::string batch_text(std::vector<std::string const*> const& requests) {
    std::size_t bytes = 2;
    for (auto const* text : requests) bytes += text->size() + 1;
    std::string out;
    out.reserve(bytes);
    out += '[';
    for (auto const* text : requests) {
        if (out.size() > 1) out += ',';
        out += *text;
    }
    out += ']';
    return out;
}

std::vector<ActRow> act(pg::Session& session, std::string batch, std::size_t requests) {
    auto const rows = session.prepared(pg::stmt<"act">, std::move(batch));
    FLEET_ASSERT(rows.size() == requests, "fleet.act answers each request with one row");
    std::vector<ActRow> answers;
    answers.reserve(rows.size());
    for (auto const& row : rows) {
        FLEET_ASSERT(row.number(0) == static_cast<std::int64_t>(answers.size()) + 1,
                     "the rows come in order");
        ActRow answer;
        answer.refusal = refusal_of(row);
        if (answer.ok()) answer.result = row.text(7);
        answer.seq = row.optional_number(8);
        answer.replayed = row.flag(9);
        answers.push_back(std::move(answer));
    }
    return answers;
}

}  // namespace fleet::store
