// `subscriptions/listen`: says when a resource has changed, as long as the client listens.
#include "faces/mcp_address.hpp"

#include "faces/mcp_call.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <set>

namespace fleet::faces {

namespace {

constexpr std::string_view subscription_key = "io.modelcontextprotocol/subscriptionId";
constexpr std::size_t addresses_max = 100;
// However much happens, a resource is told of that often.
constexpr Millis between_two{200};

McpRefusal invalid(std::string message) {
    return {.code = rpc_invalid_params, .message = std::move(message)};
}

std::string stamped(std::string_view method, Json params, Json const& id) {
    params["_meta"][std::string(subscription_key)] = id;
    return mcp_event(mcp_notification_text(method, std::move(params)));
}

struct Listening {
    std::shared_ptr<McpCall> call;
    std::vector<McpAddress> addresses{};
    std::shared_ptr<bus::Subscriber> subscriber{};  // none where there is nothing to tell of
};

std::string ended_text(Listening const& listening) {
    auto const& message = listening.call->message();
    Json result = Json::object();
    result["_meta"][std::string(subscription_key)] = message.id;
    return mcp_event(mcp_result_text(message, std::move(result)));
}

std::string acknowledged_text(Listening const& listening) {
    Json honoured = Json::object();
    for (auto const& address : listening.addresses) honoured["resourceSubscriptions"].push_back(address.uri);
    return stamped("notifications/subscriptions/acknowledged", Json{{"notifications", std::move(honoured)}},
                   listening.call->message().id);
}

std::string changes_text(Listening const& listening, bus::Batch const& batch) {
    std::string text;
    for (auto const& address : listening.addresses) {
        bool const is_touched =
            std::ranges::any_of(batch.events, [&](auto const& event) { return touches(*event, address); });
        if (is_touched)
            text += stamped("notifications/resources/updated", Json{{"uri", address.uri}},
                            listening.call->message().id);
    }
    return text;
}

asio::awaitable<void> follow(std::shared_ptr<Listening> listening, net::StreamWriter& writer) {
    using namespace asio::experimental::awaitable_operators;
    auto const& parts = listening->call->state().parts;
    Ending ending(parts.loop);
    writer.on_end([&ending] { ending.say(); });
    asio::steady_timer pause(parts.loop);
    while (writer.is_open() && !ending.is_said()) {
        auto first =
            co_await (listening->subscriber->next(parts.options.keep_alive_comment) || ending.wait());
        if (first.index() == 1) break;
        auto const& batch = std::get<0>(first);
        if (!batch || batch->goodbye) break;
        auto text =
            batch->events.empty() ? std::string(": nothing new\n\n") : changes_text(*listening, *batch);
        if (text.empty()) continue;
        bool const sent = co_await writer.write(std::move(text));
        if (!sent) break;
        pause.expires_after(between_two);
        auto over = co_await (pause.async_wait(asio::as_tuple(asio::use_awaitable)) || ending.wait());
        if (over.index() == 1) break;
    }
    writer.on_end({});
}

asio::awaitable<void> tell_changes(std::shared_ptr<Listening> listening, net::StreamWriter& writer) {
    auto hello = acknowledged_text(*listening);
    bool const is_open = co_await writer.write(std::move(hello));
    if (is_open && listening->subscriber) co_await follow(listening, writer);
    auto last = ended_text(*listening);
    bool const sent = co_await writer.write_last(std::move(last));
    (void)sent;  // who has left does not hear it
}

// A mission is told of by its whole id; what an abbreviation means is settled once.
asio::awaitable<bool> settle(McpCall& call, McpAddress& address) {
    if (address.project.empty()) address.project = call.project();
    if (call.keep_to_project(address.project)) co_return false;
    if (address.resource->parameter != "mission_id") co_return true;
    Json of{{"mission_id", address.value}, {"project", address.project}};
    auto mission = co_await call.operation("missions.show", std::move(of));
    if (!mission) co_return false;
    address.value = text_or(*mission, "mission_id", "");
    co_return true;
}

}  // namespace

asio::awaitable<std::variant<net::StreamBody, McpRefusal>> mcp_listen(std::shared_ptr<McpCall> call) {
    auto const wanted = call->message().params.find("notifications");
    if (wanted == call->message().params.end() || !wanted->is_object())
        co_return invalid("notifications must be an object");
    auto const uris = wanted->value("resourceSubscriptions", Json::array());
    if (!uris.is_array() || uris.size() > addresses_max)
        co_return invalid("resourceSubscriptions must be a list of at most 100 addresses");
    Json nothing = Json::object();
    auto settled = co_await call->settle(nothing);
    if (!settled) co_return McpRefusal{.code = mcp_not_served, .message = describe(settled.error())};

    auto listening = std::make_shared<Listening>();
    listening->call = call;
    std::set<std::string> projects;
    for (Json const& uri : uris) {
        if (!uri.is_string()) co_return invalid("resourceSubscriptions must be a list of addresses");
        auto address = read_mcp_address(uri.get_ref<std::string const&>());
        if (!address) continue;  // not honoured: the acknowledgement says which are
        bool const is_there = co_await settle(*call, *address);
        if (!is_there) continue;
        projects.insert(address->project);
        listening->addresses.push_back(*std::move(address));
    }
    if (!listening->addresses.empty()) {
        bus::Filter filter;
        if (projects.size() == 1) filter.project = *projects.begin();
        auto subscriber = co_await call->state().parts.bus.subscribe(std::move(filter), std::nullopt);
        if (!subscriber)
            co_return McpRefusal{.code = mcp_not_served, .message = describe(subscriber.error())};
        listening->subscriber = *std::move(subscriber);
    }
    co_return net::StreamBody(
        [listening](net::StreamWriter& writer) { return tell_changes(listening, writer); });
}

}  // namespace fleet::faces
