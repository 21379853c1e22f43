#include "fault/history.hpp"

#include <chrono>

namespace fleet::fault {

std::int64_t now_us() {
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

History::History(std::filesystem::path const& file) : out_{file, std::ios::app | std::ios::binary} {
    // What a killed predecessor left without an end must not spoil our first line.
    out_ << "\n";
}

void History::note(Json const& line) {
    out_ << line.dump() << "\n";
    out_.flush();
}

std::vector<Json> read_history(std::filesystem::path const& file) {
    std::vector<Json> lines;
    std::ifstream in{file, std::ios::binary};
    for (std::string text; std::getline(in, text);) {
        auto line = Json::parse(text, nullptr, false);
        if (line.is_object()) lines.push_back(std::move(line));
    }
    return lines;
}

std::size_t Findings::of(std::string const& kind) const {
    auto const found = kinds.find(kind);
    return found == kinds.end() ? 0 : found->second;
}

void Findings::add(std::string const& kind, std::string fault) {
    faults_count += 1;
    kinds[kind] += 1;
    if (faults.size() < told_max) faults.push_back(std::move(fault));
}

std::string Findings::text() const {
    std::string all;
    for (auto const& fault : faults) all += fault + "\n";
    if (faults_count > faults.size())
        all += "and " + std::to_string(faults_count - faults.size()) + " more\n";
    return all;
}

}  // namespace fleet::fault
