#include "cli/token_store.hpp"

#include <fleet/callsign.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace fleet::cli {
namespace {

Error failed(fs::path const& file, std::string_view what) {
    auto text = fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(errno));
    return make_error(ErrorCode::internal, std::move(text));
}

using Leases = std::map<std::string, KeptLease>;

Json leases_json(Leases const& leases) {
    Json out = Json::object();
    for (auto const& [id, kept] : leases)
        out[id] = {{"token", kept.token}, {"title", kept.title}, {"lease_until", kept.lease_until}};
    return out;
}

Leases leases_from(Json const& value, char const* member) {
    Leases leases;
    if (!value.contains(member) || !value.at(member).is_object()) return leases;
    for (auto const& [id, one] : value.at(member).items())
        leases[id] = {number_or(one, "token", 0), text_or(one, "title", ""), text_or(one, "lease_until", "")};
    return leases;
}

Json to_json(KeptPilot const& pilot) {
    Json reservations = Json::object();
    for (auto const& [id, kept] : pilot.reservations) {
        reservations[id] = {
            {"token", kept.token}, {"patterns", kept.patterns}, {"expires_at", kept.expires_at}};
    }
    return Json{{"callsign", pilot.callsign},
                {"project", pilot.project},
                {"pilot_id", pilot.pilot_id},
                {"token", pilot.token},
                {"reservations", std::move(reservations)},
                {"sorties", leases_json(pilot.sorties)},
                {"work_orders", leases_json(pilot.work_orders)}};
}

KeptPilot from_json(Json const& value, std::string const& callsign) {
    KeptPilot pilot;
    pilot.callsign = callsign;
    pilot.project = text_or(value, "project", "");
    pilot.pilot_id = text_or(value, "pilot_id", "");
    pilot.token = text_or(value, "token", "");
    pilot.sorties = leases_from(value, "sorties");
    pilot.work_orders = leases_from(value, "work_orders");
    if (!value.contains("reservations") || !value.at("reservations").is_object()) return pilot;
    for (auto const& [id, one] : value.at("reservations").items()) {
        KeptReservation kept;
        kept.token = number_or(one, "token", 0);
        kept.expires_at = text_or(one, "expires_at", "");
        if (one.contains("patterns") && one.at("patterns").is_array()) {
            for (Json const& pattern : one.at("patterns")) {
                if (pattern.is_string()) kept.patterns.push_back(pattern.get<std::string>());
            }
        }
        pilot.reservations[id] = std::move(kept);
    }
    return pilot;
}

// Held until the end of the scope.
class FileLock {
public:
    explicit FileLock(fs::path const& file) : fd_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
        }
    }
    ~FileLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    FileLock(FileLock const&) = delete;
    bool is_held() const { return fd_ >= 0; }

private:
    int fd_;
};

Result<void> replace(fs::path const& file, std::string const& text) {
    std::string fresh = file.string() + ".XXXXXX";
    int fd = ::mkstemp(fresh.data());
    if (fd < 0) return failed(file, "written");
    auto written = ::write(fd, text.data(), text.size());
    bool ok = written == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    ok = ::close(fd) == 0 && ok;
    if (ok && ::rename(fresh.c_str(), file.c_str()) == 0) return {};
    Error error = failed(file, "written");
    ::unlink(fresh.c_str());
    return error;
}

}  // namespace

Result<KeptPilot> TokenStore::read(std::string const& callsign) const {
    auto valid = Callsign::parse(callsign);
    if (!valid) return valid.error();
    std::ifstream in(file_of(callsign));
    if (!in) return from_json(Json::object(), callsign);
    std::ostringstream text;
    text << in.rdbuf();
    auto value = parse_json(text.str());
    if (value && value->is_object()) return from_json(*value, callsign);
    auto error = make_error(ErrorCode::internal, fmt::format("{} is damaged", file_of(callsign).string()));
    error.hint = "Remove it, then `fleet pilots register --resume`.";
    return error;
}

Result<void> TokenStore::change(std::string const& callsign,
                                std::function<void(KeptPilot&)> const& edit) const {
    if (auto made = make_local(place_); !made) return made;
    fs::path lock_file = place_.local() / ("." + callsign + ".lock");
    FileLock lock(lock_file);
    if (!lock.is_held()) return failed(lock_file, "locked");
    auto pilot = read(callsign);
    if (!pilot) return pilot.error();
    edit(*pilot);
    return replace(file_of(callsign), to_json(*pilot).dump(2) + "\n");
}

Result<void> TokenStore::forget(std::string const& callsign) const {
    std::error_code error;
    // The lock file stays: somebody may be waiting on it.
    fs::remove(file_of(callsign), error);
    return {};
}

std::vector<std::string> TokenStore::callsigns() const {
    std::vector<std::string> found;
    std::error_code error;
    for (auto const& entry : fs::directory_iterator(place_.local(), error)) {
        if (entry.path().extension() != ".json") continue;
        auto pilot = read(entry.path().stem().string());
        if (pilot && !pilot->pilot_id.empty()) found.push_back(pilot->callsign);
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace fleet::cli
