#pragma once
// The client for scripts and small tools: each call waits for its answer.
#include <fleet/client.hpp>
#include <fleet/mail.hpp>
#include <fleet/orders.hpp>
#include <fleet/work.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleet {

// One thread at a time. Every call throws `ErrorException` where `Client` answers an `Error`.
class Blocking {
public:
    explicit Blocking(ClientOptions options = {});
    ~Blocking();

    Json call(std::string operation, Json args = Json::object(), CallOptions options = {});
    Json stream(std::string operation, Json args, JsonSink sink);

    Project register_project(ProjectRequest request);
    RegisteredPilot register_pilot(PilotRequest request);
    Page<Pilot> pilots(ListRequest request = Json::object());
    Json beat(std::string callsign);
    Json deregister_pilot(DeregisterRequest request);

    ReserveOutcome reserve(ReserveRequest request);
    Time extend(Fence fence, Millis ttl);
    Json release(Fence fence);
    Page<Reservation> reservations(ListRequest request = Json::object());
    FileCheck check_file(std::string path, std::int64_t fencing_token);
    Page<Reservation> who_has(std::string path);

    AppendedEvent append(NewEvent event);
    std::vector<AppendedEvent> append(AppendRequest request);
    Page<Event> events(ListRequest request = Json::object());
    Cursor ack(std::string consumer, std::int64_t seq);

    Mission create_mission(MissionRequest request);
    Mission start_mission(std::string mission_id);
    Mission show_mission(std::string mission_id);
    Sortie create_sortie(SortieRequest request);
    ClaimOutcome claim_sortie(ClaimRequest request = {});
    Sortie start_sortie(Fence fence);
    Sortie progress(Fence fence, ProgressRequest request);
    Sortie complete_sortie(Fence fence, CompleteRequest request = {});
    Sortie fail_sortie(Fence fence, FailRequest request);

    WorkOrder enqueue(OrderRequest request);
    std::vector<ClaimedOrder> claim_orders(ClaimOrdersRequest request = {});
    WorkOrder complete_order(Fence fence, Json result = nullptr);

    Message send(MessageRequest request);
    Inbox inbox(InboxRequest request);
    Message read(std::string message_id);
    Message ack_message(std::string message_id, std::string response = {});

    Client& client() { return client_; }
    asio::io_context& loop() { return loop_; }

    // Runs any other asynchronous call: `blocking.wait<Json>([&](auto done) {
    // client.async_doctor(std::move(done)); })`.
    template <class T, class Start>
    T wait(Start begin) {
        Result<T> result = make_error(ErrorCode::internal, "the call ended without an answer");
        bool answered = false;
        begin(Completion<T>([&](Result<T> given) {
            result = std::move(given);
            answered = true;
        }));
        run_until(answered);
        return std::move(result).value();
    }

private:
    void run_until(bool const& done);

    asio::io_context loop_{1};
    Client client_;
};

}  // namespace fleet
