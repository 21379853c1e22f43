#pragma once
// Copies of checkpoints in .fleet/local/checkpoints, for the day the database is away or has lost its own: a
// file each, readable by its owner alone, and `latest`, a link to the newest.
#include "cli/place.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <string>
#include <vector>

namespace fleet::cli {

class Context;

struct KeptCheckpoint {
    Json document{};  // whole
    // Newer copies that were asked for and are damaged, with what is wrong with each.
    std::vector<std::string> warnings{};
};

class CheckpointStore {
public:
    // So many copies of a mission are kept.
    static constexpr std::size_t kept_of_mission = 20;

    explicit CheckpointStore(Place place) : place_(std::move(place)) {}

    // Errors: internal (the file that failed), checkpoint_damaged (the document itself is not whole).
    Result<void> save(Json const& document) const;
    Result<void> forget(std::string const& id) const;

    // By id, by an end of it of four letters or more, by name, or "latest". A damaged one gives way to the
    // one before of the same mission where `latest` was asked for. Errors: not_found, checkpoint_damaged.
    Result<KeptCheckpoint> load(std::string const& wanted) const;

    // The checkpoints as `checkpoints.list` answers them, newest first, of this project; damaged files are
    // told in `warnings`.
    std::vector<Json> list(std::vector<std::string>& warnings) const;
    std::vector<std::string> ids() const;
    bool is_kept(std::string const& id) const;

private:
    fs::path folder() const { return place_.local() / "checkpoints"; }
    fs::path file_of(std::string const& id) const { return folder() / (id + ".checkpoint"); }
    Result<Json> read(std::string const& id) const;
    Result<void> link_latest() const;
    void thin_out(std::string const& mission) const;

    Place place_;
};

// Copies what the daemon has and this place has not: the newest few, and those whose notes were erased since.
// Says nothing when it cannot: a copy is a precaution.
void keep_copies(Context& context);
// Copies one checkpoint; false when that failed, with a note, or when this place is not of its project.
bool keep_copy(Context& context, std::string const& id);

}  // namespace fleet::cli
