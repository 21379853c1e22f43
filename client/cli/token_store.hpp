#pragma once
// What a pilot keeps of its own in .fleet/local/<callsign>.json: who it is, its token, and the fencing tokens
// of its reservations, sorties and work orders. Several processes of one pilot may use it at once.
#include "cli/place.hpp"

#include <fleet/records.hpp>
#include <fleet/result.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fleet::cli {

struct KeptReservation {
    std::int64_t token = 0;
    std::vector<std::string> patterns{};
    std::string expires_at{};
};

// A sortie or a work order that is this pilot's.
struct KeptLease {
    std::int64_t token = 0;
    std::string title{};
    std::string lease_until{};  // as it was granted; signs of life make it later
};

struct KeptPilot {
    std::string callsign{};
    std::string project{};
    std::string pilot_id{};  // empty: known here by its reservations alone
    std::string token{};
    std::map<std::string, KeptReservation> reservations{};
    std::map<std::string, KeptLease> sorties{};
    std::map<std::string, KeptLease> work_orders{};
};

class TokenStore {
public:
    explicit TokenStore(Place place) : place_(std::move(place)) {}

    // A pilot of whom nothing is kept is empty but for its callsign. Errors: internal (a file that cannot be
    // read).
    Result<KeptPilot> read(std::string const& callsign) const;
    // Under a file lock; the file is replaced as a whole, mode 0600.
    Result<void> change(std::string const& callsign, std::function<void(KeptPilot&)> const& edit) const;
    Result<void> forget(std::string const& callsign) const;
    // Pilots that registered from here.
    std::vector<std::string> callsigns() const;

private:
    fs::path file_of(std::string const& callsign) const { return place_.local() / (callsign + ".json"); }

    Place place_;
};

}  // namespace fleet::cli
