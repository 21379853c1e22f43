// Missions, orders and mail, call by call.
#include <fleet/blocking.hpp>

namespace fleet {

Mission Blocking::create_mission(MissionRequest request) {
    return wait<Mission>([&](Completion<Mission> done) {
        Work{client_}.async_create_mission(std::move(request), std::move(done));
    });
}

Mission Blocking::start_mission(std::string mission_id) {
    return wait<Mission>([&](Completion<Mission> done) {
        Work{client_}.async_start_mission(std::move(mission_id), std::move(done));
    });
}

Mission Blocking::show_mission(std::string mission_id) {
    return wait<Mission>([&](Completion<Mission> done) {
        Work{client_}.async_show_mission(std::move(mission_id), std::move(done));
    });
}

Sortie Blocking::create_sortie(SortieRequest request) {
    return wait<Sortie>([&](Completion<Sortie> done) {
        Work{client_}.async_create_sortie(std::move(request), std::move(done));
    });
}

ClaimOutcome Blocking::claim_sortie(ClaimRequest request) {
    return wait<ClaimOutcome>([&](Completion<ClaimOutcome> done) {
        Work{client_}.async_claim_sortie(std::move(request), std::move(done));
    });
}

Sortie Blocking::start_sortie(Fence fence) {
    return wait<Sortie>([&](Completion<Sortie> done) {
        Work{client_}.async_start_sortie(std::move(fence), std::move(done));
    });
}

Sortie Blocking::progress(Fence fence, ProgressRequest request) {
    return wait<Sortie>([&](Completion<Sortie> done) {
        Work{client_}.async_progress(std::move(fence), std::move(request), std::move(done));
    });
}

Sortie Blocking::complete_sortie(Fence fence, CompleteRequest request) {
    return wait<Sortie>([&](Completion<Sortie> done) {
        Work{client_}.async_complete_sortie(std::move(fence), std::move(request), std::move(done));
    });
}

Sortie Blocking::fail_sortie(Fence fence, FailRequest request) {
    return wait<Sortie>([&](Completion<Sortie> done) {
        Work{client_}.async_fail_sortie(std::move(fence), std::move(request), std::move(done));
    });
}

WorkOrder Blocking::enqueue(OrderRequest request) {
    return wait<WorkOrder>([&](Completion<WorkOrder> done) {
        Orders{client_}.async_enqueue(std::move(request), std::move(done));
    });
}

std::vector<ClaimedOrder> Blocking::claim_orders(ClaimOrdersRequest request) {
    using Claims = std::vector<ClaimedOrder>;
    return wait<Claims>([&](Completion<Claims> done) {
        Orders{client_}.async_claim(std::move(request), std::move(done));
    });
}

WorkOrder Blocking::complete_order(Fence fence, Json result) {
    return wait<WorkOrder>([&](Completion<WorkOrder> done) {
        Orders{client_}.async_complete(std::move(fence), std::move(result), std::move(done));
    });
}

Message Blocking::send(MessageRequest request) {
    return wait<Message>([&](Completion<Message> done) {
        Mail{client_}.async_send(std::move(request), std::move(done));
    });
}

Inbox Blocking::inbox(InboxRequest request) {
    return wait<Inbox>([&](Completion<Inbox> done) {
        Mail{client_}.async_inbox(std::move(request), std::move(done));
    });
}

Message Blocking::read(std::string message_id) {
    return wait<Message>([&](Completion<Message> done) {
        Mail{client_}.async_read(std::move(message_id), std::move(done));
    });
}

Message Blocking::ack_message(std::string message_id, std::string response) {
    return wait<Message>([&](Completion<Message> done) {
        Mail{client_}.async_ack(std::move(message_id), std::move(response), std::move(done));
    });
}

}  // namespace fleet
