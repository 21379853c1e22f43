#include "bus/append_queue.hpp"

#include <fleet/assert.hpp>

namespace fleet::bus {

void AppendQueue::push(Waiting item) {
    FLEET_ASSERT(has_room_for(item.text.size()), "the queue is asked before it is filled");
    bytes_ += item.text.size();
    items_.push_back(std::move(item));
}

std::vector<Waiting> AppendQueue::take() {
    std::vector<Waiting> batch;
    std::size_t bytes = 2;
    while (!items_.empty() && batch.size() < limits_.batch_max) {
        auto const size = items_.front().text.size();
        if (!batch.empty() && bytes + size + 1 > limits_.batch_bytes_max) break;
        bytes += size + 1;
        bytes_ -= size;
        batch.push_back(std::move(items_.front()));
        items_.pop_front();
    }
    return batch;
}

}  // namespace fleet::bus
