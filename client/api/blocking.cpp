#include <fleet/blocking.hpp>

namespace fleet {

Blocking::Blocking(ClientOptions options) : client_(loop_.get_executor(), std::move(options)) {}
Blocking::~Blocking() = default;

void Blocking::run_until(bool const& done) {
    loop_.restart();
    while (!done && loop_.run_one() > 0) {
    }
}

Json Blocking::call(std::string operation, Json args, CallOptions options) {
    return wait<Json>([&](Completion<Json> done) {
        client_.async_call(std::move(operation), std::move(args), std::move(options), std::move(done));
    });
}

Json Blocking::stream(std::string operation, Json args, JsonSink sink) {
    return wait<Json>([&](Completion<Json> done) {
        client_.async_stream(std::move(operation), std::move(args), std::move(sink), std::move(done));
    });
}

Project Blocking::register_project(ProjectRequest request) {
    return wait<Project>([&](Completion<Project> done) {
        client_.async_register_project(std::move(request), std::move(done));
    });
}

RegisteredPilot Blocking::register_pilot(PilotRequest request) {
    return wait<RegisteredPilot>([&](Completion<RegisteredPilot> done) {
        client_.async_register_pilot(std::move(request), std::move(done));
    });
}

Page<Pilot> Blocking::pilots(ListRequest request) {
    return wait<Page<Pilot>>([&](Completion<Page<Pilot>> done) {
        client_.async_list_pilots(std::move(request), std::move(done));
    });
}

Json Blocking::beat(std::string callsign) {
    return wait<Json>(
        [&](Completion<Json> done) { client_.async_beat(std::move(callsign), std::move(done)); });
}

Json Blocking::deregister_pilot(DeregisterRequest request) {
    return wait<Json>(
        [&](Completion<Json> done) { client_.async_deregister_pilot(std::move(request), std::move(done)); });
}

ReserveOutcome Blocking::reserve(ReserveRequest request) {
    return wait<ReserveOutcome>(
        [&](Completion<ReserveOutcome> done) { client_.async_reserve(std::move(request), std::move(done)); });
}

Time Blocking::extend(Fence fence, Millis ttl) {
    return wait<Time>(
        [&](Completion<Time> done) { client_.async_extend(std::move(fence), ttl, std::move(done)); });
}

Json Blocking::release(Fence fence) {
    return wait<Json>(
        [&](Completion<Json> done) { client_.async_release(std::move(fence), std::move(done)); });
}

Page<Reservation> Blocking::reservations(ListRequest request) {
    return wait<Page<Reservation>>([&](Completion<Page<Reservation>> done) {
        client_.async_list_reservations(std::move(request), std::move(done));
    });
}

FileCheck Blocking::check_file(std::string path, std::int64_t fencing_token) {
    return wait<FileCheck>([&](Completion<FileCheck> done) {
        client_.async_check_file(std::move(path), fencing_token, std::move(done));
    });
}

Page<Reservation> Blocking::who_has(std::string path) {
    return wait<Page<Reservation>>(
        [&](Completion<Page<Reservation>> done) { client_.async_who_has(std::move(path), std::move(done)); });
}

AppendedEvent Blocking::append(NewEvent event) {
    return wait<AppendedEvent>(
        [&](Completion<AppendedEvent> done) { client_.async_append(std::move(event), std::move(done)); });
}

std::vector<AppendedEvent> Blocking::append(AppendRequest request) {
    using Appended = std::vector<AppendedEvent>;
    return wait<Appended>(
        [&](Completion<Appended> done) { client_.async_append(std::move(request), std::move(done)); });
}

Page<Event> Blocking::events(ListRequest request) {
    return wait<Page<Event>>([&](Completion<Page<Event>> done) {
        client_.async_list_events(std::move(request), std::move(done));
    });
}

Cursor Blocking::ack(std::string consumer, std::int64_t seq) {
    return wait<Cursor>(
        [&](Completion<Cursor> done) { client_.async_ack(std::move(consumer), seq, std::move(done)); });
}

}  // namespace fleet
