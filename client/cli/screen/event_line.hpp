#pragma once
// An event as one sentence.
#include "cli/screen/style.hpp"

#include <fleet/event.hpp>

#include <map>
#include <string>

namespace fleet::cli {

struct Sentence {
    Ink ink = Ink::plain;
    std::string symbol{};
    std::string text{};
};

// Tells events as sentences, and remembers what ids stand for, so that a release can name its files.
class Teller {
public:
    // What an id stands for: the files of a reservation, the callsign of a pilot, the title of a sortie.
    void remember(std::string const& id, std::string name);
    // That name, or the short form of the id.
    std::string name_of(std::string const& id) const;
    // What happened, without who and when: "reserved src/** for 1h".
    Sentence sentence(Event const& event);
    // "14:03:22  #12     viper-1       ● reserved src/** for 1h".
    std::string line(Event const& event, Style const& style, Time now, bool with_project);

private:
    std::map<std::string, std::string> names_{};
};

}  // namespace fleet::cli
