// Writes events of your own to the log, together or not at all.
//   FLEET_PROJECT=shop append [TEXT…]
#include <fleet/fleet.hpp>

#include <iostream>

int main(int argc, char** argv) {
    fleet::Blocking daemon(fleet::options_from_environment());
    std::vector<std::string> texts(argv + 1, argv + argc);
    if (texts.empty()) texts = {"hello", "world"};

    fleet::AppendRequest request;
    for (auto const& text : texts) {
        fleet::NewEvent note;
        note.type = "x.note";
        note.data = {{"text", text}};
        request.events.push_back(note);
    }
    try {
        for (auto const& event : daemon.append(request))
            std::cout << event.seq << " " << event.event_id << "\n";
    } catch (fleet::ErrorException const& refused) {
        std::cerr << fleet::describe(refused.error()) << "\n";
        return fleet::exit_code(refused.error());
    }
    return 0;
}
