// fleet orders enqueue, list, show: the queue.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/lease.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

constexpr std::size_t batch_max = 1'000;

struct EnqueueFlags {
    std::string kind{};
    std::string payload{};
    std::string role{};
    std::string priority{};
    std::string delay{};
    std::string timeout{};
    std::string backoff{};
    std::string sortie{};
    std::string batch{};
    std::vector<std::string> after{};
    int attempts = 0;
    bool dry_run = false;
};

Json one_order(Context& context, EnqueueFlags const& flags) {
    Json args{{"kind", flags.kind}};
    if (!flags.payload.empty()) args["payload"] = json_argument(flags.payload, "--payload");
    put(args, "role", flags.role);
    put(args, "priority", flags.priority);
    put_seconds(args, "delay_seconds", flags.delay, "--delay");
    put_seconds(args, "timeout_seconds", flags.timeout, "--timeout");
    put_seconds(args, "backoff_seconds", flags.backoff, "--backoff");
    put(args, "depends_on", ids_of(context, order_entity, flags.after));
    if (!flags.sortie.empty()) args["sortie_id"] = id_of(context, sortie_entity, flags.sortie);
    if (flags.attempts > 0) args["max_attempts"] = flags.attempts;
    return args;
}

// Checked here as far as it can be, so that a mistake names its place in the file.
void check_batch(Json const& orders, std::string const& file) {
    if (orders.empty()) refuse(ErrorCode::usage, fmt::format("{} has no order in it", file));
    if (orders.size() > batch_max) {
        refuse(ErrorCode::too_large,
               fmt::format("{} has {} orders, more than {}", file, orders.size(), batch_max), "Divide it.");
    }
    for (std::size_t i = 0; i < orders.size(); ++i) {
        if (orders[i].is_object() && !text_or(orders[i], "kind", "").empty()) continue;
        refuse(ErrorCode::invalid_field, fmt::format("{}: order {} is no object with a kind", file, i + 1),
               "One a line: {\"kind\": \"lint\", \"payload\": {}}.");
    }
}

int enqueue_batch(Context& context, EnqueueFlags const& flags) {
    Json orders = json_lines(flags.batch);
    check_batch(orders, flags.batch);
    Screen& screen = context.screen();
    if (flags.dry_run) {
        screen.document({{"would_enqueue", orders.size()}});
        screen.say(fmt::format("would enqueue {} orders", orders.size()));
        return 0;
    }
    Json answer = context.call("work_orders.enqueue_batch", {{"orders", std::move(orders)}});
    screen.document(answer);
    screen.done(fmt::format("enqueued {} orders", answer.at("orders").size()));
    return 0;
}

int enqueue(Context& context, EnqueueFlags const& flags) {
    context.require_project();
    if (flags.kind.empty() == flags.batch.empty()) {
        refuse(ErrorCode::usage, "enqueue needs a kind, or --batch FILE",
               "For example: fleet orders enqueue lint --payload '{\"path\": \"src\"}'.");
    }
    if (!flags.batch.empty()) return enqueue_batch(context, flags);
    Json args = one_order(context, flags);
    Screen& screen = context.screen();
    if (flags.dry_run) {
        screen.document({{"would_enqueue", 1}, {"order", args}});
        screen.say(fmt::format("would enqueue {}", json_text(args)));
        return 0;
    }
    Json order = context.call("work_orders.enqueue", std::move(args));
    screen.document(order);
    auto id = text_or(order, "work_order_id", "");
    auto waits = number_or(order, "blocked_by", 0);
    screen.done(
        fmt::format("order {} ({}) {}", screen.style()(Ink::bold, printable(flags.kind)), short_id(id),
                    text_or(order, "status", "") == "cancelled" ? "is cancelled: what it needs will not come"
                    : waits > 0 ? fmt::format("waits for {} other{}", waits, waits == 1 ? "" : "s")
                                : "is in the queue"));
    return 0;
}

struct ListFlags {
    std::string status{};
    std::string kind{};
    std::string role{};
    std::string pilot{};
    bool mine = false;
    bool all = false;
    bool everywhere = false;
    int limit = 100;
};

std::string how_it_is(Json const& order, Time now) {
    auto status = text_or(order, "status", "");
    if (status == "claimed") return left_member(order, "lease_until", now);
    if (status == "dead" && order.contains("error")) return text_or(order.at("error"), "message", "");
    if (status == "cancelled") return text_or(order, "reason", "");
    if (status != "pending") return {};
    if (auto waits = number_or(order, "blocked_by", 0); waits > 0) return fmt::format("waits for {}", waits);
    auto later = time_member(order, "run_after");
    if (later && *later > now) return "in " + span_words(*later - now);
    return {};
}

std::string state_of(Screen const& screen, Json const& order) {
    auto status = text_or(order, "status", "?");
    auto ink = status == "claimed"     ? Ink::cyan
               : status == "completed" ? Ink::green
               : status == "dead"      ? Ink::red
               : status == "cancelled" ? Ink::dim
                                       : Ink::plain;
    return screen.style()(ink, status);
}

int list(Context& context, ListFlags const& flags) {
    Json args{{"limit", flags.limit}};
    if (!flags.everywhere) args["project"] = context.require_project();
    if (!flags.status.empty())
        args["status"] = flags.status;
    else if (!flags.all)
        args["status"] = "pending,claimed,dead";
    put(args, "kind", flags.kind);
    put(args, "role", flags.role);
    put(args, "claimed_by", flags.mine ? context.require_callsign() : flags.pilot);
    Json answer = context.call("work_orders.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Table table({"ID", "STATUS", "PRIORITY", "TRIES", "ROLE", "WHO", "KIND", "HOW IT IS"});
    for (Json const& one : answer.at("items")) {
        table.row({short_member(one, "work_order_id"), state_of(screen, one), text_or(one, "priority", ""),
                   fmt::format("{}/{}", number_or(one, "attempts", 0), number_or(one, "max_attempts", 0)),
                   printable(text_or(one, "role", "")), printable(text_or(one, "claimed_by", "")),
                   printable(text_or(one, "kind", "?")), printable(how_it_is(one, now))});
    }
    screen.table(table, "the queue is empty");
    if (answer.contains("next")) screen.note("  there are more: --limit N shows them");
    return 0;
}

int show(Context& context, std::string const& typed) {
    Json order =
        context.call("work_orders.show", {{"work_order_id", held_or_named(context, order_lease, typed)}});
    Screen& screen = context.screen();
    screen.document(order);
    if (context.is_json()) return 0;
    Time now = clock_now();
    screen.say(screen.style()(Ink::bold, printable(text_or(order, "kind", "?"))));
    say_member(screen, "id", text_or(order, "work_order_id", ""));
    say_member(screen, "status", text_or(order, "status", ""));
    say_member(screen, "how it is", how_it_is(order, now));
    say_member(screen, "priority", text_or(order, "priority", ""));
    say_member(screen, "role", text_or(order, "role", ""));
    say_member(screen, "attempts",
               fmt::format("{} of {}", number_or(order, "attempts", 0), number_or(order, "max_attempts", 0)));
    say_member(screen, "who", text_or(order, "claimed_by", text_or(order, "ended_by", "")));
    say_member(screen, "enqueued",
               ago_member(order, "created_at", now) + " by " + text_or(order, "created_by", "?"));
    say_member(screen, "ended", ago_member(order, "ended_at", now));
    say_member(screen, "payload", order.contains("payload") ? json_text(order.at("payload")) : "");
    say_member(screen, "result", order.contains("result") ? json_text(order.at("result")) : "");
    if (order.contains("error") && order.at("error").is_object()) {
        Json const& error = order.at("error");
        say_member(screen, "error",
                   fmt::format("{}: {}", text_or(error, "kind", ""), text_or(error, "message", "")));
    }
    for (Json const& one : order.value("waits_for", Json::array())) {
        say_member(screen, "waits for",
                   fmt::format("{} ({})", short_member(one, "work_order_id"), text_or(one, "status", "")));
    }
    return 0;
}

void add_enqueue(Menu& menu, CLI::App& orders) {
    auto flags = std::make_shared<EnqueueFlags>();
    auto& app = menu.command(orders, "enqueue", "Put an order into the queue, or many of them",
                             [flags](Context& context) { return enqueue(context, *flags); });
    app.add_option("kind", flags->kind, "What is to be done, in a word")->type_name("KIND");
    app.add_option("--payload", flags->payload, "What the claimer needs, a JSON object; @FILE or - reads it")
        ->type_name("JSON");
    app.add_option("--role", flags->role, "Only pilots of this role get it")->type_name("ROLE");
    app.add_option("--priority", flags->priority, "low, medium, high or critical")
        ->type_name("WORD")
        ->check(CLI::IsMember({"low", "medium", "high", "critical"}));
    app.add_option("--delay", flags->delay, "Nobody gets it sooner")->type_name("TIME");
    app.add_option("--after", flags->after, "An order that has to be completed first; may be given again")
        ->type_name("ORDER")
        ->allow_extra_args(false);
    app.add_option("--attempts", flags->attempts, "How often it is tried; default 3")
        ->type_name("N")
        ->check(CLI::Range(1, 100));
    app.add_option("--backoff", flags->backoff,
                   "Pause after the first failure, doubled by each one; default 10s")
        ->type_name("TIME");
    app.add_option("--timeout", flags->timeout, "An attempt that takes longer has failed")->type_name("TIME");
    app.add_option("--sortie", flags->sortie, "The sortie it belongs to")->type_name("SORTIE");
    app.add_option("--batch", flags->batch,
                   "Many orders, one JSON object a line, all or none; depends_on may name #0, #1 … of the "
                   "file; - reads it")
        ->type_name("FILE");
    app.add_flag("--dry-run", flags->dry_run, "Say what would be enqueued");
}

void add_list(Menu& menu, CLI::App& orders) {
    auto flags = std::make_shared<ListFlags>();
    auto& app = menu.command(orders, "list", "Those that are open, and dead letters",
                             [flags](Context& context) { return list(context, *flags); });
    app.add_option("--status", flags->status,
                   "pending, claimed, completed, dead, cancelled; several with commas")
        ->type_name("WORDS");
    app.add_option("--kind", flags->kind, "Of this kind")->type_name("KIND");
    app.add_option("--role", flags->role, "For this role")->type_name("ROLE");
    app.add_option("--pilot", flags->pilot, "That this pilot works on")->type_name("CALLSIGN");
    app.add_flag("--mine", flags->mine, "That you work on");
    app.add_flag("--all", flags->all, "Those that ended, too");
    app.add_flag("--all-projects", flags->everywhere, "Those of every project");
    app.add_option("--limit,-n", flags->limit, "How many")->type_name("N")->check(CLI::Range(1, 1'000));
}

}  // namespace

void add_orders(Menu& menu) {
    auto& orders = menu.group("orders", "The queue of work orders", "Work");
    orders.alias("order");
    add_enqueue(menu, orders);
    add_list(menu, orders);
    auto id = std::make_shared<std::string>();
    menu.command(orders, "show", "One order, with payload and result",
                 [id](Context& context) { return show(context, *id); })
        .add_option("order", *id, "Its id, or an end of it; left out: yours")
        ->type_name("ORDER");
    add_order_work(menu, orders);
}

}  // namespace fleet::cli
