#include "app/damage.hpp"

#include "backups/worker.hpp"
#include "services/damage.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fleet::app {
namespace {

namespace fs = std::filesystem;

// Of the look at all pages; what it did not reach is said.
constexpr Millis look_limit{15'000};

constexpr std::string_view new_cluster =
    "Keep a copy of the directory. Then `fleet services destroy` and `fleet services up` make a new cluster, "
    "and `fleet restore` puts the newest backup into it (`fleet backup list`).";
constexpr std::string_view new_database =
    "Keep a copy of the directory. Then `fleet restore --replace` puts the newest backup (`fleet backup "
    "list`) "
    "in its place; what it held is renamed and kept.";

// The look ends when who asked has gone: its thread is waited for.
class StopAtEnd {
public:
    StopAtEnd() : stop_(std::make_shared<std::atomic<bool>>(false)) {}
    ~StopAtEnd() { *stop_ = true; }
    StopAtEnd(StopAtEnd const&) = delete;
    StopAtEnd& operator=(StopAtEnd const&) = delete;
    std::shared_ptr<std::atomic<bool>> flag() const { return stop_; }

private:
    std::shared_ptr<std::atomic<bool>> stop_;
};

struct Looked {
    services::PagesSeen pages{};
    std::optional<services::Damage> wal{};
};

Looked look_at(fs::path const& data, bool with_wal, std::atomic<bool> const& stop) {
    Looked looked;
    looked.pages = services::check_pages(data, look_limit, stop);
    if (with_wal) looked.wal = services::check_wal(data);
    return looked;
}

// "base/5/16384_vm.1" is of the relation at "base/5/16384".
std::string first_segment(std::string const& file) {
    auto const name = file.find_last_of('/') + 1;
    return file.substr(0, std::min(file.find_first_of("_.", name), file.size()));
}

bool is_map(std::string const& file) {
    return file.find("_fsm") != std::string::npos || file.find("_vm") != std::string::npos;
}

std::string_view kind_word(std::string_view kind) {
    if (kind == "i") return "index";
    if (kind == "S") return "sequence";
    return kind == "t" ? "long values" : "table";
}

Json check_json(std::string name, bool ok, std::string message, std::string hint = {}) {
    Json check{{"name", std::move(name)}, {"ok", ok}, {"message", std::move(message)}};
    if (!hint.empty() && !ok) check["hint"] = std::move(hint);
    return check;
}

asio::awaitable<Json> relation_of(App& app, std::string file) {
    Json filter{{"file", first_segment(file)}};
    std::vector<std::optional<std::string>> arguments{json_text(filter)};
    auto rows = co_await app.reads().rows("file_relation", std::move(arguments));
    if (!rows || rows->empty()) co_return Json::object();
    co_return rows->front();
}

Json damaged_check(services::Damage const& damage, Json const& relation, bool runs) {
    auto const name = text_or(relation, "relation", "");
    auto const kind = text_or(relation, "kind", "");
    auto message = fmt::format("{}: {}", damage.file, damage.what);
    if (!name.empty()) message += fmt::format("; it is of the {} {}", kind_word(kind), name);
    std::string hint(runs ? new_database : new_cluster);
    if (is_map(damage.file))
        hint =
            "It only says where there is room, and is made anew: stop the server, remove the file, start it.";
    else if (kind == "i")
        hint = fmt::format("An index is made from its table: `fleet services psql -- -c 'reindex index {}'`.",
                           name);
    return check_json("damaged file", false, std::move(message), std::move(hint));
}

Json pages_check(services::PagesSeen const& seen) {
    if (!seen.has_checksums)
        return check_json("pages of the database", true,
                          "warning: the cluster has no checksums, damage of the disk goes unnoticed");
    auto message = seen.damaged_files == 0 ? fmt::format("{} pages match their checksums", seen.pages)
                                           : fmt::format("{} files are damaged, of {} pages read",
                                                         seen.damaged_files, seen.pages);
    if (!seen.is_whole)
        message += fmt::format("; the time of {} s was over before the end", look_limit.count() / 1'000);
    return check_json("pages of the database", seen.damaged_files == 0, std::move(message),
                      "The disk or the memory of this machine changes what is written: look at its own log.");
}

// A page that is younger than the log was written before the log lost its end.
asio::awaitable<std::optional<Json>> lost_end_check(App& app, services::PagesSeen seen) {
    std::vector<std::optional<std::string>> none{};
    auto rows = co_await app.reads().rows("end_of_wal", std::move(none));
    if (!rows || rows->empty()) co_return std::nullopt;
    auto const end = number_or(rows->front(), "place", 0);
    if (end <= 0 || seen.latest_lsn <= static_cast<std::uint64_t>(end)) co_return std::nullopt;
    auto message =
        fmt::format("{} was written at {:X}/{:X}, the write-ahead log ends at {:X}/{:X}: its end was lost",
                    seen.latest_file, seen.latest_lsn >> 32U, seen.latest_lsn & 0xFFFFFFFFU,
                    static_cast<std::uint64_t>(end) >> 32U, static_cast<std::uint64_t>(end) & 0xFFFFFFFFU);
    co_return check_json("write-ahead log", false, std::move(message), std::string(new_database));
}

}  // namespace

asio::awaitable<Json> damage_checks(App& app, fs::path data, bool runs) {
    Json checks = Json::array();
    std::error_code problem;
    if (!fs::is_directory(data / "base", problem)) co_return checks;
    backups::Worker worker;
    StopAtEnd const end;
    // The log of a server that runs is being written; that it runs shows that it could begin with it.
    std::function<Looked()> job = [data, runs, stop = end.flag()] { return look_at(data, !runs, *stop); };
    auto const looked = co_await worker.run<Looked>(std::move(job));
    checks.push_back(pages_check(looked.pages));
    for (auto const& damage : looked.pages.damaged) {
        Json relation = Json::object();
        if (runs) relation = co_await relation_of(app, damage.file);
        checks.push_back(damaged_check(damage, relation, runs));
    }
    if (looked.wal)
        checks.push_back(
            check_json("write-ahead log", false,
                       fmt::format("{}: {}; recovery cannot begin", looked.wal->file, looked.wal->what),
                       std::string(new_cluster)));
    if (runs) {
        auto lost = co_await lost_end_check(app, looked.pages);
        if (lost) checks.push_back(*std::move(lost));
    }
    co_return checks;
}

}  // namespace fleet::app
