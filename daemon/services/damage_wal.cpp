#include "services/damage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

// pg_control: where the last checkpoint stands in the log and where recovery from it begins (ControlFileData,
// the same since PostgreSQL 11).
constexpr std::size_t checkpoint_at = 32;
constexpr std::size_t redo_at = 40;
constexpr std::size_t timeline_at = 48;
constexpr std::size_t control_bytes = 52;
// A page of the log begins with magic, info, timeline and its own place (XLogPageHeaderData).
constexpr std::size_t page_place_at = 8;
// A record: length, transaction, previous record, info, resource manager, two bytes of nothing, CRC.
constexpr std::size_t record_manager_at = 17;
constexpr std::size_t record_sum_at = 20;
constexpr std::size_t record_head = 24;
constexpr std::uint32_t checkpoint_bytes_max = 1'000;
constexpr std::uint8_t log_manager = 0;  // RM_XLOG_ID, which writes checkpoints

template <class Number>
Number number_at(std::string_view bytes, std::size_t place) {
    Number value{};
    std::memcpy(&value, bytes.data() + place, sizeof value);
    return value;
}

std::string read_some(fs::path const& file, std::uint64_t from, std::size_t most) {
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(from));
    std::string bytes(most, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(most));
    bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    return bytes;
}

// CRC-32C, as the log's records carry it.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
    for (char const one : bytes) {
        crc ^= static_cast<std::uint8_t>(one);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    }
    return crc;
}

bool is_segment(std::string const& name) {
    return name.size() == 24 && name.find_first_not_of("0123456789ABCDEF") == std::string::npos;
}

// The largest is whole: one that was cut off is smaller than the others. Alone, it is one of 16 MiB.
std::uint64_t segment_bytes(fs::path const& wal) {
    std::uint64_t largest = 16ULL << 20U;
    std::error_code problem;
    for (auto const& entry : fs::directory_iterator(wal, problem))
        if (is_segment(entry.path().filename().string()))
            largest = std::max<std::uint64_t>(largest, entry.file_size(problem));
    return largest;
}

struct Log {
    fs::path wal;
    std::uint64_t segment = 0;  // bytes of one
    std::uint32_t timeline = 0;

    std::string name_of(std::uint64_t lsn) const {
        auto const number = lsn / segment;
        auto const a_high = 0x100000000ULL / segment;
        return fmt::format("{:08X}{:08X}{:08X}", timeline, number / a_high, number % a_high);
    }
    std::string read(std::uint64_t lsn, std::size_t most) const {
        return read_some(wal / name_of(lsn), lsn % segment, most);
    }
    Damage torn(std::uint64_t lsn, std::string_view how) const {
        return {"pg_wal/" + name_of(lsn), fmt::format("{} at byte {}", how, lsn % segment)};
    }
};

std::string lsn_text(std::uint64_t lsn) {
    return fmt::format("{:X}/{:X}", lsn >> 32U, lsn & 0xFFFFFFFFU);
}

std::optional<Damage> torn_page(Log const& log, std::uint64_t page) {
    std::error_code problem;
    if (!fs::exists(log.wal / log.name_of(page), problem))
        return Damage{"pg_wal/" + log.name_of(page), "is missing"};
    auto const head = log.read(page, page_place_at + 8);
    if (head.size() < page_place_at + 8) return log.torn(page, "it is cut off");
    if (number_at<std::uint16_t>(head, 0) == 0) return log.torn(page, "nothing was written");
    if (number_at<std::uint64_t>(head, page_place_at) != page)
        return log.torn(page, "there is a page of another place");
    return std::nullopt;
}

std::optional<Damage> torn_checkpoint(Log const& log, std::uint64_t lsn) {
    auto const on_page = page_size - lsn % page_size;
    auto const bytes = log.read(lsn, std::min<std::size_t>(on_page, checkpoint_bytes_max));
    if (bytes.size() < record_head) return log.torn(lsn, "the checkpoint record is cut off");
    auto const length = number_at<std::uint32_t>(bytes, 0);
    auto const manager = number_at<std::uint8_t>(bytes, record_manager_at);
    if (length <= record_head || length > checkpoint_bytes_max || manager != log_manager)
        return log.torn(lsn, fmt::format("there is no checkpoint record ({})", lsn_text(lsn)));
    if (length > on_page) return std::nullopt;  // goes on on the next page, whose head was looked at
    if (length > bytes.size()) return log.torn(lsn, "the checkpoint record is cut off");
    std::string_view const record(bytes.data(), length);
    auto const sum = ~crc32c(record.substr(0, record_sum_at), crc32c(record.substr(record_head), ~0U));
    if (sum != number_at<std::uint32_t>(bytes, record_sum_at))
        return log.torn(lsn, "the checkpoint record does not match its checksum");
    return std::nullopt;
}

}  // namespace

std::optional<Damage> check_wal(fs::path const& data) {
    std::error_code problem;
    auto const control = data / "global" / "pg_control";
    if (!fs::exists(control, problem)) return std::nullopt;
    auto const head = read_some(control, 0, control_bytes);
    if (head.size() < control_bytes) return Damage{"global/pg_control", "it is cut off"};
    Log const log{data / "pg_wal", segment_bytes(data / "pg_wal"),
                  number_at<std::uint32_t>(head, timeline_at)};
    auto const checkpoint = number_at<std::uint64_t>(head, checkpoint_at);
    for (auto page = number_at<std::uint64_t>(head, redo_at) / page_size * page_size; page <= checkpoint;
         page += page_size)
        if (auto torn = torn_page(log, page)) return torn;
    return torn_checkpoint(log, checkpoint);
}

}  // namespace fleet::services
