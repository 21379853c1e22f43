#include "cli/checkpoint_store.hpp"

#include "cli/checkpoint_file.hpp"
#include "cli/context.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace fleet::cli {
namespace {

constexpr std::string_view ending = ".checkpoint";

Error failed(fs::path const& file, std::string_view what) {
    return make_error(ErrorCode::internal,
                      fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(errno)));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        auto done = ::write(fd, text.data(), text.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
}

// The file is there as a whole or not at all.
Result<void> replace(fs::path const& file, std::string_view text) {
    std::string fresh = file.string() + ".XXXXXX";
    int fd = ::mkstemp(fresh.data());  // 0600
    if (fd < 0) return failed(file, "written");
    bool ok = write_all(fd, text) && ::fsync(fd) == 0;
    ok = ::close(fd) == 0 && ok;
    if (ok && ::rename(fresh.c_str(), file.c_str()) == 0) return {};
    Error error = failed(file, "written");
    ::unlink(fresh.c_str());
    return error;
}

std::string item_text(Json const& document, char const* member) {
    return text_or(document.at("checkpoint"), member, "");
}

// Copies lie beside the project that they are of, and nowhere else.
bool is_at_home(Context& context) {
    return !context.project().empty() && context.project() == context.place().project;
}

bool is_meant(std::string const& wanted, std::string const& id, std::string const& name) {
    if (wanted == id || wanted == name) return true;
    return wanted.size() >= 4 &&
           (id.ends_with(wanted) || (id.starts_with(wanted) && wanted.starts_with("chk_")));
}

}  // namespace

std::vector<std::string> CheckpointStore::ids() const {
    std::vector<std::string> out;
    std::error_code error;
    for (fs::directory_entry const& entry : fs::directory_iterator(folder(), error)) {
        auto name = entry.path().filename().string();
        if (name.starts_with("chk_") && name.ends_with(ending))
            out.push_back(name.substr(0, name.size() - ending.size()));
    }
    // Ids sort by time.
    std::sort(out.rbegin(), out.rend());
    return out;
}

bool CheckpointStore::is_kept(std::string const& id) const {
    std::error_code error;
    return fs::exists(file_of(id), error);
}

Result<Json> CheckpointStore::read(std::string const& id) const {
    std::ifstream in(file_of(id), std::ios::binary);
    if (!in) return make_error(ErrorCode::not_found, "Checkpoint not found: " + id);
    std::ostringstream text;
    text << in.rdbuf();
    auto document = decode_checkpoint(text.str());
    if (document && item_text(*document, "checkpoint_id") != id)
        return make_error(ErrorCode::checkpoint_damaged, "the copy is of another checkpoint");
    return document;
}

Result<void> CheckpointStore::save(Json const& document) const {
    if (auto whole = check_document(document); !whole) return whole;
    if (auto made = make_local(place_); !made) return made;
    std::error_code error;
    fs::create_directories(folder(), error);
    fs::permissions(folder(), fs::perms::owner_all, error);
    auto id = item_text(document, "checkpoint_id");
    if (auto written = replace(file_of(id), encode_checkpoint(document)); !written) return written;
    thin_out(item_text(document, "mission_id"));
    return link_latest();
}

Result<void> CheckpointStore::forget(std::string const& id) const {
    std::error_code error;
    if (!fs::remove(file_of(id), error)) return {};
    return link_latest();
}

Result<void> CheckpointStore::link_latest() const {
    auto all = ids();
    fs::path link = folder() / "latest";
    if (all.empty()) {
        std::error_code error;
        fs::remove(link, error);
        return {};
    }
    // Another process may do the same: each makes a link of its own and puts it in place.
    fs::path fresh = folder() / fmt::format("latest.{}", ::getpid());
    ::unlink(fresh.c_str());
    if (::symlink(file_of(all.front()).filename().c_str(), fresh.c_str()) != 0 ||
        ::rename(fresh.c_str(), link.c_str()) != 0)
        return failed(link, "written");
    return {};
}

void CheckpointStore::thin_out(std::string const& mission) const {
    if (ids().size() <= kept_of_mission) return;
    std::size_t seen = 0;
    for (std::string const& id : ids()) {
        auto document = read(id);
        if (!document || item_text(*document, "mission_id") != mission) continue;
        std::error_code error;
        if (++seen > kept_of_mission) fs::remove(file_of(id), error);
    }
}

Result<KeptCheckpoint> CheckpointStore::load(std::string const& wanted) const {
    KeptCheckpoint found;
    Error why = make_error(ErrorCode::not_found, "Checkpoint not found: " + wanted);
    why.hint = "fleet checkpoint list shows them";
    for (std::string const& id : ids()) {
        auto document = read(id);
        bool latest = wanted == "latest";
        if (!document) {
            if (!latest && !is_meant(wanted, id, "")) continue;
            why = document.error();
            why.message = fmt::format("{}: {}", id, why.message);
            found.warnings.push_back(why.message);
            if (!latest) return why;
            continue;
        }
        if (!latest && !is_meant(wanted, id, item_text(*document, "name"))) continue;
        found.document = std::move(*document);
        return found;
    }
    return why;
}

std::vector<Json> CheckpointStore::list(std::vector<std::string>& warnings) const {
    std::vector<Json> out;
    for (std::string const& id : ids()) {
        auto document = read(id);
        if (document)
            out.push_back(document->at("checkpoint"));
        else
            warnings.push_back(fmt::format("{}: {}", id, document.error().message));
    }
    return out;
}

bool keep_copy(Context& context, std::string const& id) {
    if (!is_at_home(context)) return false;
    auto document = context.try_call("checkpoints.document", {{"checkpoint_id", id}});
    auto saved = document ? CheckpointStore(context.place()).save(*document) : Result<void>(document.error());
    if (!saved) context.screen().note("  no copy was made: " + saved.error().message);
    return saved.has_value();
}

void keep_copies(Context& context) {
    constexpr int newest = 20;
    if (!is_at_home(context)) return;
    auto key = context.project();
    auto answer = context.try_call("checkpoints.list", {{"project", key}, {"limit", newest}});
    if (!answer) return;
    CheckpointStore store(context.place());
    for (Json const& one : answer->at("items")) {
        auto id = text_or(one, "checkpoint_id", "");
        bool erased = false;
        if (auto kept =
                store.is_kept(id) ? store.load(id) : Result<KeptCheckpoint>(make_error(ErrorCode::not_found));
            kept)
            erased = flag_or(one, "redacted", false) && !kept->document.contains("redacted");
        else
            erased = true;
        if (!erased) continue;
        auto document = context.try_call("checkpoints.document", {{"checkpoint_id", id}});
        if (!document || document->contains("damage")) continue;
        if (!store.save(*document)) return;
    }
}

}  // namespace fleet::cli
