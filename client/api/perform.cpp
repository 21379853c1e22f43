// The typed calls of the families, compiled once for each result.
#include "api/launch.hpp"
#include "api/mail_codec.hpp"
#include "api/members.hpp"
#include "api/record_codec.hpp"
#include "api/survival_codec.hpp"
#include "api/work_codec.hpp"

#include <fleet/sortie_lease.hpp>

namespace fleet {
namespace {

template <class T>
Result<T> one(Result<Json> const& answer, T (*read)(Json const&)) {
    if (!answer) return answer.error();
    return read(*answer);
}

template <class T>
Result<Page<T>> page(Result<Json> const& answer, T (*read)(Json const&)) {
    if (!answer) return answer.error();
    return page_from_json(*answer, read);
}

template <class T>
Result<std::vector<T>> orders(Result<Json> const& answer, T (*read)(Json const&)) {
    if (!answer) return answer.error();
    return each(member(*answer, "orders"), read);
}

}  // namespace

asio::any_io_executor Calls::executor_of(ClientCore const& core) {
    return core.executor();
}

template <>
Result<Json> answer_as(Result<Json> answer) {
    return answer;
}
template <>
Result<Mission> answer_as(Result<Json> answer) {
    return one(answer, mission_from_json);
}
template <>
Result<Page<Mission>> answer_as(Result<Json> answer) {
    return page(answer, mission_from_json);
}
template <>
Result<Sortie> answer_as(Result<Json> answer) {
    return one(answer, sortie_from_json);
}
template <>
Result<Page<Sortie>> answer_as(Result<Json> answer) {
    return page(answer, sortie_from_json);
}
template <>
Result<ClaimOutcome> answer_as(Result<Json> answer) {
    return claim_outcome_from(answer);
}
template <>
Result<WorkOrder> answer_as(Result<Json> answer) {
    return one(answer, work_order_from_json);
}
template <>
Result<Page<WorkOrder>> answer_as(Result<Json> answer) {
    return page(answer, work_order_from_json);
}
template <>
Result<std::vector<ClaimedOrder>> answer_as(Result<Json> answer) {
    return orders(answer, claimed_order_from_json);
}
template <>
Result<std::vector<EnqueuedOrder>> answer_as(Result<Json> answer) {
    return orders(answer, enqueued_order_from_json);
}
template <>
Result<Message> answer_as(Result<Json> answer) {
    return one(answer, message_from_json);
}
template <>
Result<Page<Message>> answer_as(Result<Json> answer) {
    return page(answer, message_from_json);
}
template <>
Result<Inbox> answer_as(Result<Json> answer) {
    return one(answer, inbox_from_json);
}
template <>
Result<Thread> answer_as(Result<Json> answer) {
    return one(answer, thread_from_json);
}
template <>
Result<Page<Thread>> answer_as(Result<Json> answer) {
    return page(answer, thread_from_json);
}
template <>
Result<Halt> answer_as(Result<Json> answer) {
    return one(answer, halt_from_json);
}
template <>
Result<Page<Halt>> answer_as(Result<Json> answer) {
    return page(answer, halt_from_json);
}
template <>
Result<Checkpoint> answer_as(Result<Json> answer) {
    return one(answer, checkpoint_from_json);
}
template <>
Result<Page<Checkpoint>> answer_as(Result<Json> answer) {
    return page(answer, checkpoint_from_json);
}
template <>
Result<Page<RecoveryOffer>> answer_as(Result<Json> answer) {
    return page(answer, offer_from_json);
}
template <>
Result<Recovery> answer_as(Result<Json> answer) {
    return one(answer, recovery_from_json);
}
template <>
Result<Ruling> answer_as(Result<Json> answer) {
    return one(answer, ruling_from_json);
}
template <>
Result<Page<Ruling>> answer_as(Result<Json> answer) {
    return page(answer, ruling_from_json);
}

#define FLEET_ANSWERS(...)                                                                          \
    template asio::awaitable<Result<__VA_ARGS__>> perform(ClientCorePtr, Ask);                      \
    template void launch(asio::any_io_executor, asio::awaitable<Result<__VA_ARGS__>>,               \
                         Completion<__VA_ARGS__>)

template asio::awaitable<Result<Json>> perform(ClientCorePtr, Ask);
FLEET_ANSWERS(Mission);
FLEET_ANSWERS(Page<Mission>);
FLEET_ANSWERS(Sortie);
FLEET_ANSWERS(Page<Sortie>);
FLEET_ANSWERS(ClaimOutcome);
FLEET_ANSWERS(WorkOrder);
FLEET_ANSWERS(Page<WorkOrder>);
FLEET_ANSWERS(std::vector<ClaimedOrder>);
FLEET_ANSWERS(std::vector<EnqueuedOrder>);
FLEET_ANSWERS(Message);
FLEET_ANSWERS(Page<Message>);
FLEET_ANSWERS(Inbox);
FLEET_ANSWERS(Thread);
FLEET_ANSWERS(Page<Thread>);
FLEET_ANSWERS(Halt);
FLEET_ANSWERS(Page<Halt>);
FLEET_ANSWERS(Checkpoint);
FLEET_ANSWERS(Page<Checkpoint>);
FLEET_ANSWERS(Page<RecoveryOffer>);
FLEET_ANSWERS(Recovery);
FLEET_ANSWERS(Ruling);
FLEET_ANSWERS(Page<Ruling>);
#undef FLEET_ANSWERS

template void launch(asio::any_io_executor, asio::awaitable<Result<SortieLease>>, Completion<SortieLease>);

}  // namespace fleet
