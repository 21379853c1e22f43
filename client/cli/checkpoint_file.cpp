#include "cli/checkpoint_file.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zstd.h>

#include <array>
#include <charconv>
#include <set>

namespace fleet::cli {
namespace {

constexpr std::string_view magic = "fleet-checkpoint 1 ";
constexpr std::size_t digest_length = 64;
// A document of ten thousand sorties has about ten megabytes.
constexpr std::size_t document_bytes_max = std::size_t{1} << 28;
constexpr int newest_format = 1;

Error damaged(std::string what) {
    return make_error(ErrorCode::checkpoint_damaged, "the copy is damaged: " + std::move(what));
}

std::string digest_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned int length = 0;
    EVP_Digest(text.data(), text.size(), raw.data(), &length, EVP_sha256(), nullptr);
    std::string hex;
    for (unsigned int at = 0; at < length; ++at) hex += fmt::format("{:02x}", raw.at(at));
    return hex;
}

std::string packed(std::string const& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
    if (ZSTD_isError(size) != 0)
        throw ErrorException(make_error(ErrorCode::internal, ZSTD_getErrorName(size)));
    out.resize(size);
    return out;
}

Result<std::string> unpacked(std::string_view payload) {
    auto size = ZSTD_getFrameContentSize(payload.data(), payload.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > document_bytes_max)
        return damaged("its length makes no sense");
    std::string text(static_cast<std::size_t>(size), '\0');
    std::size_t got = ZSTD_decompress(text.data(), text.size(), payload.data(), payload.size());
    if (ZSTD_isError(got) != 0) return damaged(ZSTD_getErrorName(got));
    if (got != text.size()) return damaged("it ends early");
    return text;
}

std::string text_in(Json const& object, std::string const& key) {
    auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool was_erased(Json const& document, std::string const& digest) {
    auto found = document.find("redacted");
    return found != document.end() && found->is_object() && found->contains(digest);
}

Result<void> check_parts(Json const& document, Json const& sections) {
    Json const& parts = document.at("parts");
    for (auto const& [name, digests] : sections.items()) {
        if (!digests.is_array()) return damaged("section " + name);
        for (Json const& one : digests) {
            if (!one.is_string()) return damaged("section " + name);
            auto digest = one.get<std::string>();
            if (!parts.contains(digest) && name == "notes" && was_erased(document, digest)) continue;
            if (!parts.contains(digest) || digest_of(text_in(parts, digest)) != digest)
                return damaged(fmt::format("{}: part {}", name, digest.substr(0, 8)));
        }
    }
    return {};
}

Result<Json> notes_of(Json const& document, std::string const& digest) {
    if (was_erased(document, digest)) return Json{{"redacted", document.at("redacted").at(digest)}};
    return parse_json(text_in(document.at("parts"), digest));
}

// One step a format, oldest first; each leaves the sections in the form of the next one.
Result<Json> upcast(std::int64_t format, Json sections) {
    if (format >= 1 && format <= newest_format) return sections;
    return make_error(
        ErrorCode::schema_newer,
        fmt::format("this checkpoint is of format {}, this program knows up to {}", format, newest_format));
}

}  // namespace

std::string encode_checkpoint(Json const& document) {
    auto payload = packed(json_text(document));
    return fmt::format("{}{} {}\n", magic, digest_of(payload), payload.size()) + payload;
}

Result<Json> decode_checkpoint(std::string_view file) {
    auto end = file.find('\n');
    if (!file.starts_with(magic) || end == std::string_view::npos) return damaged("its first line");
    auto head = file.substr(magic.size(), end - magic.size());
    auto payload = file.substr(end + 1);
    if (head.size() < digest_length + 2 || head[digest_length] != ' ') return damaged("its first line");
    if (head.substr(digest_length + 1) != std::to_string(payload.size())) return damaged("its length");
    if (head.substr(0, digest_length) != digest_of(payload)) return damaged("it does not fit its digest");
    auto text = unpacked(payload);
    if (!text) return text.error();
    auto document = parse_json(*text);
    if (!document) return damaged(document.error().message);
    if (auto whole = check_document(*document); !whole) return whole.error();
    return std::move(*document);
}

Result<void> check_document(Json const& document) {
    if (!document.is_object() || !document.contains("checkpoint") || !document.contains("manifest") ||
        !document.contains("parts") || !document.at("parts").is_object() ||
        !document.at("manifest").is_string())
        return damaged("it is no checkpoint");
    auto text = document.at("manifest").get<std::string>();
    if (digest_of(text) != text_or(document.at("checkpoint"), "digest", ""))
        return damaged("its manifest does not fit its digest");
    auto manifest = parse_json(text);
    if (!manifest || !manifest->is_object() || !manifest->contains("sections") ||
        !manifest->at("sections").is_object())
        return damaged("its manifest");
    return check_parts(document, manifest->at("sections"));
}

Result<Json> sections_of(Json const& document) {
    auto manifest = parse_json(document.at("manifest").get<std::string>());
    if (!manifest) return manifest.error();
    Json sections = Json::object();
    for (auto const& [name, digests] : manifest->at("sections").items()) {
        Json items = Json::array();
        for (Json const& digest : digests) {
            auto part = name == "notes"
                            ? notes_of(document, digest.get<std::string>())
                            : parse_json(text_in(document.at("parts"), digest.get<std::string>()));
            if (!part) return part.error();
            if (name == "notes") {
                sections["notes"] = std::move(*part);
                continue;
            }
            for (Json& item : *part) items.push_back(std::move(item));
        }
        if (name == "notes") continue;
        // There is one mission; all else are lists.
        if (name == "mission" && !items.empty())
            sections["mission"] = items.front();
        else
            sections[name] = std::move(items);
    }
    return upcast(number_or(*manifest, "format", 0), std::move(sections));
}

}  // namespace fleet::cli
