#include "services/damage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t lanes = 32;
constexpr std::uint32_t prime = 16'777'619;
constexpr std::array<std::uint32_t, lanes> lane_offsets{
    0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
    0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
    0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
    0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756};

// PageHeaderData: lsn (two halves), checksum, flags, lower, upper, special, page size and version.
constexpr std::size_t checksum_at = 8;
constexpr std::size_t upper_at = 14;
constexpr std::size_t size_at = 18;
constexpr std::uint32_t blocks_a_segment = 131'072;  // of 1 GiB
// The server may be writing the very page: what is wrong once may be whole a moment later.
constexpr int looks = 5;

template <class Number>
Number number_at(std::string_view bytes, std::size_t place) {
    Number value{};
    std::memcpy(&value, bytes.data() + place, sizeof value);
    return value;
}

constexpr std::uint32_t mixed(std::uint32_t sum, std::uint32_t value) {
    std::uint32_t const both = sum ^ value;
    return both * prime ^ (both >> 17U);
}

struct RelationFile {
    std::string name;  // below the data directory
    std::uint32_t first_block = 0;
};

// "16384", "16384_fsm", "16384.1": data of a relation; anything else in those directories is not.
std::optional<std::uint32_t> segment_of(std::string_view name) {
    auto const digits = std::min(name.find_first_not_of("0123456789"), name.size());
    if (digits == 0) return std::nullopt;
    auto rest = name.substr(digits);
    for (std::string_view fork : {"_fsm", "_vm", "_init"})
        if (rest.starts_with(fork)) {
            rest.remove_prefix(fork.size());
            break;
        }
    if (rest.empty()) return 0U;
    std::uint32_t segment = 0;
    if (rest.front() != '.') return std::nullopt;
    auto const [end, failed] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), segment);
    if (failed != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
    return segment;
}

std::vector<RelationFile> relation_files(fs::path const& data) {
    std::vector<RelationFile> files;
    for (auto const* top : {"global", "base", "pg_tblspc"}) {
        std::error_code problem;
        auto const options = fs::directory_options::follow_directory_symlink;
        for (fs::recursive_directory_iterator it(data / top, options, problem), end; !problem && it != end;
             it.increment(problem)) {
            auto const segment = segment_of(it->path().filename().string());
            if (!segment || !it->is_regular_file(problem)) continue;
            files.push_back({it->path().lexically_relative(data).string(), *segment * blocks_a_segment});
        }
    }
    std::ranges::sort(files, {}, &RelationFile::name);
    return files;
}

class Look {
public:
    explicit Look(PagesSeen& seen) : seen_(seen) {}

    void read(fs::path const& data, RelationFile const& file) {
        std::ifstream in(data / file.name, std::ios::binary);
        std::string page(page_size, '\0');
        std::uint32_t bad = 0;
        std::uint32_t first = 0;
        for (std::uint32_t block = 0; in.read(page.data(), page_size); ++block) {
            if (fits(in, page, block, file)) continue;
            if (bad == 0) first = block;
            bad += 1;
        }
        if (bad == 0) return;
        seen_.damaged_files += 1;
        auto const more = bad == 1 ? "" : fmt::format(" (and {} more)", bad - 1);
        if (seen_.damaged.size() < damaged_told_max)
            seen_.damaged.push_back(
                {file.name, fmt::format("page {}{} does not match its checksum", first, more)});
    }

    std::uint64_t unsummed() const { return unsummed_; }

private:
    bool fits(std::ifstream& in, std::string& page, std::uint32_t block, RelationFile const& file) {
        for (int look = 0; look < looks; ++look) {
            if (number_at<std::uint16_t>(page, upper_at) == 0) return is_empty(page);  // never used
            auto const kept = number_at<std::uint16_t>(page, checksum_at);
            if (kept == page_checksum(page, file.first_block + block)) {
                note(page, file);
                return true;
            }
            in.seekg(static_cast<std::streamoff>(block) * static_cast<std::streamoff>(page_size));
            if (!in.read(page.data(), page_size)) return true;  // cut off meanwhile
        }
        seen_.pages += 1;
        bool const is_plain = number_at<std::uint16_t>(page, checksum_at) == 0 &&
                              (number_at<std::uint16_t>(page, size_at) & 0xFF00U) == page_size;
        unsummed_ += is_plain ? 1 : 0;
        return false;
    }

    static bool is_empty(std::string const& page) {
        return page.find_first_not_of('\0') == std::string::npos;
    }

    void note(std::string const& page, RelationFile const& file) {
        seen_.pages += 1;
        auto const lsn = (static_cast<std::uint64_t>(number_at<std::uint32_t>(page, 0)) << 32U) |
                         number_at<std::uint32_t>(page, 4);
        if (lsn <= seen_.latest_lsn) return;
        seen_.latest_lsn = lsn;
        seen_.latest_file = file.name;
    }

    PagesSeen& seen_;
    std::uint64_t unsummed_ = 0;  // pages without any checksum
};

}  // namespace

std::uint16_t page_checksum(std::string_view page, std::uint32_t block) {
    auto sums = lane_offsets;
    for (std::size_t place = 0; place < page_size; place += lanes * 4) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            auto const at = place + lane * 4;
            auto value = number_at<std::uint32_t>(page, at);
            if (at == checksum_at) value &= 0xFFFF0000U;  // the sum itself counts as zero
            sums[lane] = mixed(sums[lane], value);
        }
    }
    std::uint32_t sum = block;
    for (auto lane : sums) sum ^= mixed(mixed(lane, 0), 0);
    return static_cast<std::uint16_t>(sum % 65'535 + 1);  // never 0
}

PagesSeen check_pages(fs::path const& data, Millis limit, std::atomic<bool> const& stop) {
    PagesSeen seen;
    Look look(seen);
    auto const deadline = std::chrono::steady_clock::now() + limit;
    for (auto const& file : relation_files(data)) {
        if (stop || std::chrono::steady_clock::now() > deadline) {
            seen.is_whole = false;
            break;
        }
        look.read(data, file);
    }
    // A cluster that was made without checksums has none in any page.
    if (seen.pages > 0 && look.unsummed() == seen.pages) {
        seen.has_checksums = false;
        seen.damaged_files = 0;
        seen.damaged.clear();
    }
    return seen;
}

}  // namespace fleet::services
