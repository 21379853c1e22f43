// Work orders: from requests to arguments.
#include "api/args.hpp"

#include <fleet/orders.hpp>

namespace fleet {
namespace {

Ask fenced(char const* operation, Fence fence, Json args) {
    fence.kind = "work_order";
    args["work_order_id"] = fence.id;
    Ask ask{operation, std::move(args)};
    ask.options.fence = std::move(fence);
    return ask;
}

Json order_args(OrderRequest request) {
    Json args{{"kind", request.kind}};
    put(args, "role", request.role);
    put(args, "payload", std::move(request.payload));
    put(args, "priority", request.priority);
    put(args, "depends_on", request.depends_on);
    put(args, "max_attempts", request.max_attempts);
    put(args, "delay_seconds", request.delay);
    put(args, "timeout_seconds", request.timeout);
    put(args, "sortie_id", request.sortie_id);
    return args;
}

}  // namespace

Ask Orders::enqueue(OrderRequest request) {
    return {"work_orders.enqueue", order_args(std::move(request))};
}

Ask Orders::enqueue_batch(std::vector<OrderRequest> requests) {
    Json orders = Json::array();
    for (OrderRequest& request : requests) orders.push_back(order_args(std::move(request)));
    Json args = Json::object();
    args["orders"] = std::move(orders);
    return {"work_orders.enqueue_batch", std::move(args)};
}

Ask Orders::of_order(char const* operation, std::string work_order_id) {
    return {operation, Json{{"work_order_id", std::move(work_order_id)}}};
}

Ask Orders::claim(ClaimOrdersRequest request) {
    Json args{{"limit", request.limit}};
    put(args, "kinds", request.kinds);
    put(args, "role", request.role);
    put(args, "lease_seconds", request.lease);
    put(args, "wait_seconds", request.wait);
    return {"work_orders.claim", std::move(args)};
}

Ask Orders::complete(Fence fence, Json result) {
    Json args = Json::object();
    put(args, "result", std::move(result));
    return fenced("work_orders.complete", std::move(fence), std::move(args));
}

Ask Orders::complete_batch(std::vector<OrderDone> done) {
    Json orders = Json::array();
    for (OrderDone& one : done) {
        Json order{{"work_order_id", one.work_order_id}, {"token", one.token}};
        put(order, "result", std::move(one.result));
        orders.push_back(std::move(order));
    }
    Json args = Json::object();
    args["orders"] = std::move(orders);
    return {"work_orders.complete_batch", std::move(args)};
}

Ask Orders::fail(Fence fence, OrderFailure failure) {
    Json args = Json::object();
    args["error"] = Json{{"kind", failure.kind}, {"message", failure.message}};
    if (!failure.retry) args["retry"] = false;
    put(args, "retry_in_seconds", failure.retry_in);
    return fenced("work_orders.fail", std::move(fence), std::move(args));
}

}  // namespace fleet
