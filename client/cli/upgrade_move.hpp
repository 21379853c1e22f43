#pragma once
// Carrying a planned move out. Until the new database is whole and compared with the log, the old one stays
// where it is, and every way out of here starts it again.
#include "cli/context.hpp"
#include "cli/home_files.hpp"
#include "cli/upgrade_plan.hpp"

#include <string>
#include <vector>

namespace fleet::cli {

struct Moved {
    Source now;
    KeptDatabase kept;
    std::string backup;  // the copy that was put into the new one

    std::string words() const { return now.words() + ", verified"; }
};

// fleetd runs before and after, with the settings of the moment. Throws the error of the step that failed,
// and cancelled; the old database is in use again then.
Moved move_database(Context& context, HomePlaces const& places, Source const& source, Target const& target);

// Removes databases that were kept. Throws at the first that cannot be removed; those before it are gone.
void forget_databases(Context& context, HomePlaces const& places, std::vector<KeptDatabase> const& kept);

// Removes container, volume and secret of that name, when they are this fleet's.
void destroy_container(Context& context, HomePlaces const& places, std::string const& container,
                       std::string const& image);

// Stops a private cluster that outlived its fleetd.
void stop_cluster(Context& context, HomePlaces const& places);

}  // namespace fleet::cli
