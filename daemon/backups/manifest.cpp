#include "backups/manifest.hpp"

#include "services/account.hpp"
#include "services/binaries.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t text_max = 4U << 20U;  // of a manifest

std::string hex(unsigned char const* bytes, unsigned int size) {
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
    return text;
}

Error damaged(std::string message) {
    return make_error(ErrorCode::backup_damaged, std::move(message));
}

// A file of a backup is named by one path below it; a manifest from elsewhere must not reach out of it.
bool is_inside(std::string const& name) {
    fs::path const path(name);
    if (name.empty() || path.is_absolute()) return false;
    return std::none_of(path.begin(), path.end(), [](fs::path const& part) { return part == ".."; });
}

std::map<std::string, std::string> parse_sums(std::string const& text) {
    std::map<std::string, std::string> sums;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.size() > 66) sums[line.substr(66)] = line.substr(0, 64);
    return sums;
}

Result<Manifest> manifest_of(Json const& json, fs::path const& directory) {
    auto const format = number_or(json, "format_version", 0);
    if (text_or(json, "format", "") != "fleettools-backup" || format < 1)
        return damaged(fmt::format("{} is not a manifest of ours", (directory / manifest_name).string()));
    if (format > format_version)
        return make_error(ErrorCode::backup_unknown,
                          fmt::format("the backup {} has format {}, this program reads up to {}",
                                      directory.string(), format, format_version));
    Manifest m;
    m.kind = text_or(json, "kind", "");
    m.made_at = text_or(json, "made_at", "");
    m.made_by = text_or(json, "made_by", "");
    m.host_id = text_or(json, "host_id", "");
    m.hostname = text_or(json, "hostname", "");
    m.fleet_version = text_or(json, "fleet_version", "");
    m.schema_version = static_cast<int>(number_or(json, "schema_version", 0));
    m.schema_digest = text_or(json, "schema_digest", "");
    m.server_version = text_or(json, "server_version", "");
    m.database = text_or(json, "database", "");
    m.log = {text_or(json, "incarnation", ""), number_or(json, "head_seq", 0),
             text_or(json, "head_event_id", "")};
    if (json.contains("tools")) m.tools = json.at("tools");
    if (json.contains("more")) m.more = json.at("more");
    if (!json.contains("files") || !json.at("files").is_array())
        return damaged("the manifest names no files");
    for (Json const& file : json.at("files")) {
        auto name = text_or(file, "name", "");
        if (!is_inside(name)) return damaged("the manifest names a file outside of the backup: " + name);
        m.files.push_back({std::move(name), static_cast<std::uint64_t>(number_or(file, "bytes", 0)),
                           text_or(file, "sha256", "")});
    }
    return m;
}

Result<std::string> read_text(fs::path const& file) {
    std::error_code problem;
    auto const size = fs::file_size(file, problem);
    if (problem) return make_error(ErrorCode::not_found, "there is no " + file.string());
    if (size > text_max) return damaged(file.string() + " is larger than a manifest can be");
    return services::read_file(file);
}

std::string sums_of(std::vector<FileDigest> const& files) {
    std::string text;
    for (auto const& file : files) text += fmt::format("{}  {}\n", file.sha256, file.name);
    return text;
}

// Words for one file that is not what the manifest says; "" when it is.
std::string difference(fs::path const& directory, FileDigest const& expected) {
    std::error_code problem;
    if (!fs::is_regular_file(directory / expected.name, problem)) return expected.name + " is missing";
    auto const found = digest_file(directory / expected.name, expected.name);
    if (!found) return expected.name + " cannot be read: " + found.error().message;
    if (found->bytes != expected.bytes)
        return fmt::format("{} has {} bytes, {} were written", expected.name, found->bytes, expected.bytes);
    if (found->sha256 != expected.sha256) return expected.name + " was changed";
    return {};
}

}  // namespace

Json Manifest::to_json() const {
    Json json{{"format", "fleettools-backup"},
              {"format_version", format_version},
              {"kind", kind},
              {"made_at", made_at},
              {"made_by", made_by},
              {"host_id", host_id},
              {"hostname", hostname},
              {"fleet_version", fleet_version},
              {"schema_version", schema_version},
              {"schema_digest", schema_digest},
              {"server_version", server_version},
              {"database", database},
              {"incarnation", log.incarnation},
              {"head_seq", log.seq},
              {"head_event_id", log.event_id},
              {"tools", tools}};
    if (!more.empty()) json["more"] = more;
    auto& list = json["files"] = Json::array();
    for (auto const& file : files)
        list.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    return json;
}

int Manifest::server_major() const {
    return services::major_of(server_version);
}

Result<FileDigest> digest_file(fs::path const& file, std::string name) {
    auto const descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return services::system_failure("cannot read " + file.string(), errno);
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    std::vector<char> buffer(1U << 20U);
    FileDigest digest{std::move(name), 0, {}};
    ssize_t count = 0;
    while ((count = ::read(descriptor, buffer.data(), buffer.size())) > 0) {
        EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(count));
        digest.bytes += static_cast<std::uint64_t>(count);
    }
    auto const number = errno;
    ::close(descriptor);
    if (count < 0) return services::system_failure("cannot read " + file.string(), number);
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context.get(), bytes.data(), &size);
    digest.sha256 = hex(bytes.data(), size);
    return digest;
}

Result<void> seal(fs::path const& directory, Manifest& manifest, std::vector<std::string> const& names) {
    manifest.files.clear();
    for (auto const& name : names) {
        auto digest = digest_file(directory / name, name);
        if (!digest) return digest.error();
        manifest.files.push_back(*std::move(digest));
    }
    auto const text = manifest.to_json().dump(2) + "\n";
    auto written = services::write_file(directory / manifest_name, text, 0600);
    if (!written) return written;
    auto own = digest_file(directory / manifest_name, std::string(manifest_name));
    if (!own) return own.error();
    auto all = manifest.files;
    all.push_back(*std::move(own));
    return services::write_file(directory / sums_name, sums_of(all), 0600);
}

Result<Manifest> read_manifest(fs::path const& directory) {
    auto text = read_text(directory / manifest_name);
    if (!text) {
        if (text.error().code != ErrorCode::not_found) return text.error();
        return services::failure(ErrorCode::not_found,
                                 directory.string() + " is not a backup: no manifest.json",
                                 "`fleet backup list` shows what there is.");
    }
    auto json = parse_json(*text);
    if (!json)
        return damaged((directory / manifest_name).string() + " cannot be read: " + json.error().message);
    return manifest_of(*json, directory);
}

Result<Manifest> check_backup(fs::path const& directory) {
    auto manifest = read_manifest(directory);
    std::vector<std::string> wrong;
    auto const text = read_text(directory / sums_name);
    auto const sums = text ? parse_sums(*text) : std::map<std::string, std::string>{};
    if (!text) wrong.push_back(std::string(sums_name) + " is missing");
    auto const own = digest_file(directory / manifest_name, std::string(manifest_name));
    auto const said = sums.find(std::string(manifest_name));
    if (text && own && (said == sums.end() || said->second != own->sha256))
        wrong.push_back("manifest.json was changed, or its line in SHA256SUMS");
    if (!manifest && (wrong.empty() || manifest.error().code != ErrorCode::backup_damaged))
        return manifest.error();
    if (manifest)
        for (auto const& file : manifest->files) {
            auto words = difference(directory, file);
            auto const line = sums.find(file.name);
            if (words.empty() && text && (line == sums.end() || line->second != file.sha256))
                words = "the line of " + file.name + " in SHA256SUMS was changed";
            if (!words.empty()) wrong.push_back(std::move(words));
        }
    if (wrong.empty() && own) {
        auto all = manifest->files;
        all.push_back(*own);
        if (*text != sums_of(all)) wrong.push_back(std::string(sums_name) + " was changed");
    }
    if (wrong.empty()) return manifest;
    auto error =
        damaged(fmt::format("the backup {} is damaged: {}", directory.string(), fmt::join(wrong, "; ")));
    error.detail = Json{{"damaged", wrong}};
    return error;
}

}  // namespace fleet::backups
