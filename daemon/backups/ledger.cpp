// What a restore tells, and which texts it must not bring back.
#include "backups/restore.hpp"
#include "services/account.hpp"

#include <fleet/json.hpp>

#include <map>
#include <utility>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ledger_name = "redactions.json";

}  // namespace

Json Restored::to_json() const {
    Json json{{"database", database},        {"head_seq", manifest.log.seq},
              {"made_at", manifest.made_at}, {"incarnation_before", manifest.log.incarnation},
              {"incarnation", incarnation},  {"redacted_again", redacted_again},
              {"verified", verified}};
    if (!kept_as.empty()) json["kept_as"] = kept_as;
    return json;
}

Result<void> keep_ledger(fs::path const& folder, Json const& redactions) {
    std::map<std::string, Json> by_digest;
    for (auto const& list : {read_ledger(folder), redactions})
        for (auto const& row : list) by_digest[text_or(row, "digest", "")] = row;
    Json all = Json::array();
    for (auto& [digest, row] : by_digest)
        if (!digest.empty()) all.push_back(std::move(row));
    if (all == read_ledger(folder)) return {};
    return services::write_file(folder / ledger_name, all.dump(1) + "\n", 0600);
}

Json read_ledger(fs::path const& folder) {
    auto text = services::read_file(folder / ledger_name);
    if (!text) return Json::array();
    auto json = parse_json(*text);
    return json && json->is_array() ? *json : Json::array();
}

}  // namespace fleet::backups
