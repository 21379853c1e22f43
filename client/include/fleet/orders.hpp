#pragma once
// The durable queue: work orders that any pilot of a role may take.
#include <fleet/calls.hpp>
#include <fleet/work_records.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

struct OrderRequest {
    std::string kind{};
    std::string role{};
    Json payload = Json::object();
    std::string priority{};
    std::vector<std::string> depends_on{};  // ids; in a batch also "#0", "#1", …: earlier ones of it
    std::optional<std::int64_t> max_attempts{};
    std::optional<Millis> delay{};
    std::optional<Millis> timeout{};  // of one attempt
    std::string sortie_id{};
};
struct ClaimOrdersRequest {
    std::int64_t limit = 1;
    std::vector<std::string> kinds{};  // empty: any
    std::string role{};
    std::optional<Millis> lease{};
    std::optional<Millis> wait{};  // until there is one
};
struct OrderDone {
    std::string work_order_id{};
    std::int64_t token = 0;
    Json result = nullptr;
};
struct OrderFailure {
    std::string kind{};
    std::string message{};
    bool retry = true;  // false: it is a dead letter at once
    std::optional<Millis> retry_in{};
};

class Orders : public Calls {
public:
    using Calls::Calls;

    template <ResultToken<WorkOrder> Token>
    auto async_enqueue(OrderRequest request, Token&& token) const {
        return ask<WorkOrder>(enqueue(std::move(request)), token);
    }
    // All of them or none, in the order given.
    template <ResultToken<std::vector<EnqueuedOrder>> Token>
    auto async_enqueue_batch(std::vector<OrderRequest> requests, Token&& token) const {
        return ask<std::vector<EnqueuedOrder>>(enqueue_batch(std::move(requests)), token);
    }
    template <ResultToken<WorkOrder> Token>
    auto async_show(std::string work_order_id, Token&& token) const {
        return ask<WorkOrder>(of_order("work_orders.show", std::move(work_order_id)), token);
    }
    template <ResultToken<Page<WorkOrder>> Token>
    auto async_list(ListRequest request, Token&& token) const {
        return ask<Page<WorkOrder>>(Ask{"work_orders.list", std::move(request)}, token);
    }
    // Up to `limit`; none when there is nothing to do.
    template <ResultToken<std::vector<ClaimedOrder>> Token>
    auto async_claim(ClaimOrdersRequest request, Token&& token) const {
        return ask<std::vector<ClaimedOrder>>(claim(std::move(request)), token);
    }
    template <ResultToken<WorkOrder> Token>
    auto async_complete(Fence fence, Json result, Token&& token) const {
        return ask<WorkOrder>(complete(std::move(fence), std::move(result)), token);
    }
    // All of them or none. Errors: stale_token, with the place in `field`.
    template <ResultToken<Json> Token>
    auto async_complete_batch(std::vector<OrderDone> done, Token&& token) const {
        return ask<Json>(complete_batch(std::move(done)), token);
    }
    // Pending again after a pause, or dead.
    template <ResultToken<WorkOrder> Token>
    auto async_fail(Fence fence, OrderFailure failure, Token&& token) const {
        return ask<WorkOrder>(fail(std::move(fence), std::move(failure)), token);
    }
    template <ResultToken<WorkOrder> Token>
    auto async_retry(std::string work_order_id, Token&& token) const {
        return ask<WorkOrder>(of_order("work_orders.retry", std::move(work_order_id)), token);
    }
    template <ResultToken<WorkOrder> Token>
    auto async_cancel(std::string work_order_id, Token&& token) const {
        return ask<WorkOrder>(of_order("work_orders.cancel", std::move(work_order_id)), token);
    }

private:
    static Ask enqueue(OrderRequest request);
    static Ask enqueue_batch(std::vector<OrderRequest> requests);
    static Ask of_order(char const* operation, std::string work_order_id);
    static Ask claim(ClaimOrdersRequest request);
    static Ask complete(Fence fence, Json result);
    static Ask complete_batch(std::vector<OrderDone> done);
    static Ask fail(Fence fence, OrderFailure failure);
};

}  // namespace fleet
