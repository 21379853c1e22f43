#include "schema/migrator.hpp"

#include <fleet/assert.hpp>
#include <fleet/error.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <map>

namespace fleet::schema {

namespace {

struct FileName {
    int version = 0;
    std::string name;
    bool up = false;
};

// "0001_log.up.sql"
std::optional<FileName> read_name(std::string_view file) {
    FileName read;
    auto const number =
        std::from_chars(file.data(), file.data() + std::min<std::size_t>(4, file.size()), read.version);
    if (number.ec != std::errc() || number.ptr != file.data() + 4 || read.version < 1) return std::nullopt;
    if (file.size() < 6 || file[4] != '_') return std::nullopt;
    file.remove_prefix(5);
    read.up = file.ends_with(".up.sql");
    if (!read.up && !file.ends_with(".down.sql")) return std::nullopt;
    read.name = file.substr(0, file.size() - (read.up ? 7 : 9));
    if (read.name.empty()) return std::nullopt;
    return read;
}

// A line "-- word: value" among the comment lines at the top; "" when there is none.
std::string_view header(std::string_view text, std::string_view word) {
    while (text.starts_with("--")) {
        auto const line = text.substr(0, text.find('\n'));
        auto const colon = line.find(": ");
        if (colon != std::string_view::npos && line.substr(2, colon - 2).ends_with(word) &&
            line.substr(2, colon - 2).size() == word.size() + 1)
            return line.substr(colon + 2);
        if (line.size() == text.size()) break;
        text.remove_prefix(line.size() + 1);
    }
    return {};
}

Error broken_build(std::string message) {
    return make_error(ErrorCode::internal, std::move(message));
}

}  // namespace

pg::SessionSettings migration_session(std::string application_name) {
    pg::SessionSettings settings;
    settings.application_name = std::move(application_name);
    settings.statement_timeout = Millis(0);
    settings.lock_timeout = Millis(60'000);
    settings.idle_in_transaction_timeout = Millis(0);
    return settings;
}

std::string Migration::label() const {
    return fmt::format("{:04}_{}", version, name);
}

Result<std::vector<Migration>> migrations_from(std::vector<EmbeddedSql> const& files) {
    std::map<int, Migration> found;
    for (auto const& file : files) {
        auto const read = read_name(file.name);
        if (!read)
            return broken_build(
                fmt::format("migrations/{} is not named NNNN_name.up.sql or .down.sql", file.name));
        auto& migration = found[read->version];
        if (!migration.name.empty() && migration.name != read->name)
            return broken_build(fmt::format("two migrations have the number {:04}", read->version));
        migration.version = read->version;
        migration.name = read->name;
        if (!read->up) {
            migration.down = file.text;
            continue;
        }
        migration.up = file.text;
        migration.sha256 = file.sha256;
        migration.breaking = header(file.text, "breaking") == "yes";
        migration.in_transaction = header(file.text, "transaction") != "no";
    }
    std::vector<Migration> all;
    for (auto& [version, migration] : found) {
        if (version != static_cast<int>(all.size()) + 1)
            return broken_build(fmt::format("migration {:04} is missing", all.size() + 1));
        if (migration.up.empty())
            return broken_build(fmt::format("migration {:04} has no up script", version));
        all.push_back(std::move(migration));
    }
    return all;
}

bool is_newer(std::string_view one, std::string_view other) {
    // The next number of a version; what is not a number ends it.
    auto const take = [](std::string_view& text) {
        int number = 0;
        auto const [end, ignored] = std::from_chars(text.data(), text.data() + text.size(), number);
        auto const length = static_cast<std::size_t>(end - text.data());
        bool const goes_on = length < text.size() && text[length] == '.';
        text = goes_on ? text.substr(length + 1) : std::string_view();
        return number;
    };
    while (!one.empty() || !other.empty()) {
        int const mine = take(one);
        int const theirs = take(other);
        if (mine != theirs) return mine > theirs;
    }
    return false;
}

std::string digest_of(std::vector<EmbeddedSql> const& files) {
    std::string all;
    for (auto const& file : files) all += file.text;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    int const done = EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_sha256(), nullptr);
    FLEET_ASSERT(done == 1, "OpenSSL knows SHA-256");
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

namespace {

Json steps_json(std::vector<Step> const& steps) {
    auto list = Json::array();
    for (auto const& step : steps) list.push_back(Json{{"what", step.what}, {"name", step.name}});
    return list;
}

}  // namespace

Json SchemaStatus::to_json() const {
    return Json{{"version", version}, {"known", known},         {"breaking_since", breaking_since},
                {"pending", pending}, {"edited", edited},       {"stale", stale},
                {"usable", usable},   {"current", is_current()}};
}

Json MigrationReport::to_json() const {
    return Json{{"from", from}, {"to", to}, {"steps", steps_json(steps)}, {"dry_run", dry_run}};
}

}  // namespace fleet::schema
