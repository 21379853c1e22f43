// fleet orders claim, complete, fail, retry, cancel.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/lease.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"
#include "cli/waiting.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct ClaimFlags {
    std::vector<std::string> kinds{};
    std::string role{};
    std::string lease{};
    std::string wait{};
    int limit = 1;
};

bool has_orders(Result<Json> const& answer) {
    return !answer || !answer->contains("orders") || !answer->at("orders").empty();
}

int claim(Context& context, ClaimFlags const& flags) {
    context.require_callsign();
    context.require_project();
    Json args{{"limit", flags.limit}};
    put(args, "kinds", flags.kinds);
    put(args, "role", flags.role);
    put_seconds(args, "lease_seconds", flags.lease, "--lease");
    Patience patience{.waiting = "waiting for an order"};
    if (!flags.wait.empty()) patience.wait = duration_flag(flags.wait, "--wait");
    Json answer = must(call_waiting(context, "work_orders.claim", std::move(args), patience, has_orders));
    Screen& screen = context.screen();
    Json const& orders = answer.at("orders");
    for (Json const& order : orders) keep_lease(context, order_lease, order);
    screen.document(answer);
    for (Json const& order : orders) {
        screen.done(fmt::format("you have {} ({}), token {}, attempt {} of {}: {}",
                                screen.style()(Ink::bold, printable(text_or(order, "kind", "?"))),
                                short_member(order, "work_order_id"), number_or(order, "token", 0),
                                number_or(order, "attempt", 1), number_or(order, "max_attempts", 1),
                                left_member(order, "lease_until", clock_now())));
        if (order.contains("payload") && !order.at("payload").empty())
            screen.say("  " + printable(json_text(order.at("payload"))));
    }
    if (orders.empty()) screen.note("no order is there for you; --wait 10m waits for one");
    return 0;
}

struct EndFlags {
    std::vector<std::string> orders{};
    std::int64_t token = 0;
    std::string result{};
    std::string message{};
    std::string kind = "error";
    std::string detail{};
    std::string retry_in{};
    bool final = false;
};

std::vector<std::string> names_of(EndFlags const& flags) {
    return flags.orders.empty() ? std::vector<std::string>{""} : flags.orders;
}

void said(Screen& screen, Json const& answer, std::string const& words) {
    screen.document(answer);
    screen.done(fmt::format("order {} ({}) {}", printable(text_or(answer, "kind", "")),
                            short_member(answer, "work_order_id"), words));
    if (auto more = answer.value("cancelled", Json::array()); !more.empty())
        screen.note(fmt::format("  {} that depended on it cancelled, too", more.size()));
    if (auto more = answer.value("ready", Json()); more.is_array() && !more.empty())
        screen.note(fmt::format("  {} that waited for it can be claimed now", more.size()));
}

int complete(Context& context, EndFlags const& flags) {
    Json args = Json::object();
    if (!flags.result.empty()) args["result"] = json_argument(flags.result, "--result");
    for (std::string const& name : names_of(flags)) {
        auto held = held_lease(context, order_lease, name, flags.token);
        said(context.screen(), call_held(context, order_lease, "work_orders.complete", args, held),
             "is completed");
    }
    return 0;
}

int fail(Context& context, EndFlags const& flags) {
    Json error{{"kind", flags.kind}, {"message", text_argument(flags.message)}};
    put(error, "detail", text_argument(flags.detail));
    Json args{{"error", std::move(error)}};
    if (flags.final) args["retry"] = false;
    put_seconds(args, "retry_in_seconds", flags.retry_in, "--retry-in");
    for (std::string const& name : names_of(flags)) {
        auto held = held_lease(context, order_lease, name, flags.token);
        Json answer = call_held(context, order_lease, "work_orders.fail", args, held);
        auto later = time_member(answer, "run_after");
        Time now = clock_now();
        said(context.screen(), answer,
             text_or(answer, "status", "") == "dead"
                 ? std::string("is a dead letter: `fleet orders retry` sends it again")
             : later && *later > now ? "failed, and is tried again in " + span_words(*later - now)
                                     : std::string("failed, and is tried again"));
    }
    return 0;
}

int retry(Context& context, std::vector<std::string> const& typed, std::string const& delay) {
    Json args = Json::object();
    put_seconds(args, "delay_seconds", delay, "--delay");
    for (std::string const& id : ids_of(context, order_entity, typed)) {
        args["work_order_id"] = id;
        said(context.screen(), context.call("work_orders.retry", args), "is in the queue again");
    }
    return 0;
}

int cancel(Context& context, std::vector<std::string> const& typed, std::string const& reason) {
    Json args = Json::object();
    put(args, "reason", reason);
    for (std::string const& id : ids_of(context, order_entity, typed)) {
        args["work_order_id"] = id;
        said(context.screen(), context.call("work_orders.cancel", args), "is cancelled");
        if (!context.callsign().empty()) forget_lease(context, order_lease, id);
    }
    return 0;
}

void add_which(CLI::App& app, EndFlags& flags) {
    app.add_option("order", flags.orders, "Its id, or an end of it; left out: the one you have")
        ->type_name("ORDER");
    app.add_option("--token", flags.token, "Its token, when it was claimed elsewhere")->type_name("N");
}

void add_claim(Menu& menu, CLI::App& orders) {
    auto flags = std::make_shared<ClaimFlags>();
    auto& app = menu.command(orders, "claim", "Take the next order: by priority, then age",
                             [flags](Context& context) { return claim(context, *flags); });
    app.add_option("--kind", flags->kinds, "Only of this kind; may be given again")
        ->type_name("KIND")
        ->allow_extra_args(false);
    app.add_option("--role", flags->role, "Only for this role or for anybody; default: yours")
        ->type_name("ROLE");
    app.add_option("--limit,-n", flags->limit, "How many")->type_name("N")->check(CLI::Range(1, 100));
    app.add_option("--lease", flags->lease, "How long it stays yours without a sign of life; default 5m")
        ->type_name("TIME");
    app.add_option("--wait", flags->wait, "Wait so long for one")->type_name("TIME");
}

}  // namespace

void add_order_work(Menu& menu, CLI::App& orders) {
    add_claim(menu, orders);
    auto done = std::make_shared<EndFlags>();
    auto& complete_app = menu.command(orders, "complete", "Say that it is done",
                                      [done](Context& context) { return complete(context, *done); });
    add_which(complete_app, *done);
    complete_app.add_option("--result", done->result, "What came of it, a JSON object; @FILE or - reads it")
        ->type_name("JSON");
    auto failed = std::make_shared<EndFlags>();
    auto& fail_app =
        menu.command(orders, "fail", "Say that the attempt failed; it is tried again while attempts last",
                     [failed](Context& context) { return fail(context, *failed); });
    add_which(fail_app, *failed);
    fail_app.add_option("--message", failed->message, "What went wrong; - reads it")
        ->required()
        ->type_name("TEXT");
    fail_app.add_option("--kind", failed->kind, "A short word: test, timeout, …; default error")
        ->type_name("WORD");
    fail_app.add_option("--detail", failed->detail, "More about it; - reads it")->type_name("TEXT");
    fail_app.add_option("--retry-in", failed->retry_in, "Try again after so long")->type_name("TIME");
    fail_app.add_flag("--final", failed->final, "Do not try again, whatever attempts are left");
    auto names = std::make_shared<std::vector<std::string>>();
    auto text = std::make_shared<std::string>();
    auto& again = menu.command(orders, "retry", "Send a dead letter again, with all its attempts",
                               [=](Context& context) { return retry(context, *names, *text); });
    again.add_option("order", *names, "Its id, or an end of it")->required()->type_name("ORDER");
    again.add_option("--delay", *text, "Nobody gets it sooner")->type_name("TIME");
    auto& off = menu.command(orders, "cancel", "Call it off, and what depends on it",
                             [=](Context& context) { return cancel(context, *names, *text); });
    off.add_option("order", *names, "Its id, or an end of it")->required()->type_name("ORDER");
    off.add_option("--reason", *text, "Why")->type_name("TEXT");
}

}  // namespace fleet::cli
