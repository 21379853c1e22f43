#pragma once
// What a worker did and was told, as lines of JSON. A line is on its way to the file before the worker acts
// on it, so that a worker which is killed has never done more than its history says.
#include <fleet/json_value.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace fleet::fault {

// Microseconds of the real-time clock: the same for all processes of the machine and for its PostgreSQL.
std::int64_t now_us();

class History {
public:
    // Appends: a worker that is started again continues its history.
    explicit History(std::filesystem::path const& file);
    void note(Json const& line);

private:
    std::ofstream out_;
};

// All complete lines. The last one may be torn when its writer was killed: it is passed over.
std::vector<Json> read_history(std::filesystem::path const& file);

// What a checker found. More than `told_max` faults of a run are counted, not told.
struct Findings {
    static constexpr std::size_t told_max = 20;

    std::vector<std::string> faults{};
    std::size_t faults_count = 0;
    std::map<std::string, std::size_t> kinds{};  // how many of each

    bool clean() const { return faults_count == 0; }
    std::size_t of(std::string const& kind) const;
    void add(std::string const& kind, std::string fault);
    std::string text() const;  // one fault a line
};

}  // namespace fleet::fault
