#include "services/damage.hpp"

#include "support/catch.hpp"

#include <array>
#include <cstring>
#include <fstream>

#include <stdlib.h>

using namespace fleet;
using namespace fleet::services;

namespace fs = std::filesystem;

namespace {

class DataDirectory {
public:
    DataDirectory() {
        std::string name = (fs::temp_directory_path() / "fleet-damage-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
        for (auto const* folder : {"global", "base/5", "pg_wal"}) fs::create_directories(path_ / folder);
    }
    ~DataDirectory() { fs::remove_all(path_); }
    DataDirectory(DataDirectory const&) = delete;
    DataDirectory& operator=(DataDirectory const&) = delete;

    fs::path const& path() const { return path_; }
    void write(std::string const& name, std::string const& bytes) const {
        std::ofstream(path_ / name, std::ios::binary) << bytes;
    }

private:
    fs::path path_;
};

template <class Number>
void put(std::string& bytes, std::size_t place, Number value) {
    std::memcpy(bytes.data() + place, &value, sizeof value);
}

std::string pattern_page() {
    std::string page(page_size, '\0');
    for (std::size_t i = 0; i < page.size(); ++i) page[i] = static_cast<char>((i * 7 + 3) & 0xFFU);
    return page;
}

std::string sound_page(std::uint32_t block) {
    auto page = pattern_page();
    put<std::uint16_t>(page, 8, page_checksum(page, block));
    return page;
}

PagesSeen look(DataDirectory const& data) {
    std::atomic<bool> const stop{false};
    return check_pages(data.path(), Millis{10'000}, stop);
}

// A log of one segment with a checkpoint record in its second page, and what pg_control says of it.
constexpr std::uint64_t redo = 0x1000028;
constexpr std::uint64_t checkpoint = 0x1002028;
constexpr std::uint64_t segment = 16ULL << 20U;
std::string const segment_name = "pg_wal/000000010000000000000001";

std::string sound_log() {
    std::string log(segment, '\0');
    for (std::uint64_t page : {0x0ULL, 0x2000ULL}) {
        put<std::uint16_t>(log, page, 0xD110);
        put<std::uint64_t>(log, page + 8, segment + page);
    }
    // A record of 32 bytes whose sum, at 20, was computed by another program.
    std::size_t const at = checkpoint - segment;
    put<std::uint32_t>(log, at, 32);
    put<std::uint32_t>(log, at + 20, 0x03DE06EF);
    return log;
}

void write_control(DataDirectory const& data) {
    std::string control(8192, '\0');
    put<std::uint64_t>(control, 32, checkpoint);
    put<std::uint64_t>(control, 40, redo);
    put<std::uint32_t>(control, 48, 1);
    data.write("global/pg_control", control);
}

}  // namespace

TEST_CASE("the checksum of a page is PostgreSQL's own", "[unit][services]") {
    // Compared once with what a server of version 15 wrote; these two keep it so.
    CHECK(page_checksum(pattern_page(), 5) == 43'591);
    CHECK(page_checksum(pattern_page(), 131'077) == 43'589);
}

TEST_CASE("a page that was changed behind the server's back is named by file and page", "[unit][services]") {
    DataDirectory data;
    auto bad = sound_page(1);
    bad[4'000] = static_cast<char>(bad[4'000] ^ 1);
    data.write("base/5/16384", sound_page(0) + bad + sound_page(2) + std::string(page_size, '\0'));
    data.write("base/5/16384_vm", sound_page(0));
    data.write("base/5/16385.1", sound_page(131'072));
    data.write("base/5/pg_filenode.map", "not a page");
    auto const seen = look(data);
    CHECK(seen.pages == 5);
    CHECK(seen.damaged_files == 1);
    REQUIRE(seen.damaged.size() == 1);
    CHECK(seen.damaged[0].file == "base/5/16384");
    CHECK(seen.damaged[0].what == "page 1 does not match its checksum");
}

TEST_CASE("a page of zeros with a byte in it is damaged, one of zeros alone was never used",
          "[unit][services]") {
    DataDirectory data;
    std::string page(page_size, '\0');
    page[5'000] = 1;
    data.write("base/5/16384", sound_page(0) + std::string(page_size, '\0') + page);
    auto const seen = look(data);
    REQUIRE(seen.damaged.size() == 1);
    CHECK(seen.damaged[0].what == "page 2 does not match its checksum");
}

TEST_CASE("a page at another place than its own is damaged", "[unit][services]") {
    DataDirectory data;
    data.write("base/5/16384", sound_page(1) + sound_page(0));
    auto const seen = look(data);
    REQUIRE(seen.damaged.size() == 1);
    CHECK(seen.damaged[0].what == "page 0 (and 1 more) does not match its checksum");
}

TEST_CASE("a cluster without checksums is not taken for a damaged one", "[unit][services]") {
    DataDirectory data;
    auto page = pattern_page();
    put<std::uint16_t>(page, 8, 0);
    put<std::uint16_t>(page, 18, 0x2004);
    data.write("base/5/16384", page + page);
    auto const seen = look(data);
    CHECK_FALSE(seen.has_checksums);
    CHECK(seen.damaged.empty());
}

TEST_CASE("a log that recovery can begin with is whole; one that was torn before is named by its segment",
          "[unit][services]") {
    DataDirectory data;
    CHECK_FALSE(check_wal(data.path()));
    write_control(data);
    auto missing = check_wal(data.path());
    REQUIRE(missing);
    CHECK(missing->file == segment_name);
    CHECK(missing->what == "is missing");

    auto log = sound_log();
    data.write(segment_name, log);
    CHECK_FALSE(check_wal(data.path()));

    data.write(segment_name, log.substr(0, 0x2000));
    CHECK(check_wal(data.path()).value().what == "it is cut off at byte 8192");
    auto zeroed = log;
    std::fill(zeroed.begin() + 0x2000, zeroed.end(), '\0');
    data.write(segment_name, zeroed);
    CHECK(check_wal(data.path()).value().what == "nothing was written at byte 8192");
    auto half = log;
    std::fill(half.begin() + 0x2020, half.end(), '\0');
    data.write(segment_name, half);
    CHECK(check_wal(data.path()).value().what == "there is no checkpoint record (0/1002028) at byte 8232");
    auto flipped = log;
    flipped[0x2028 + 30] = 1;
    data.write(segment_name, flipped);
    CHECK(check_wal(data.path()).value().what ==
          "the checkpoint record does not match its checksum at byte 8232");
}
