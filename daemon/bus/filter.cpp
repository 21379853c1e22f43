#include "bus/filter.hpp"

#include <algorithm>

namespace fleet::bus {

bool Filter::matches(LoggedEvent const& event) const {
    if (!project.empty() && project != event.project) return false;
    if (!stream_id.empty() && stream_id != event.stream_id) return false;
    if (!stream_type.empty() && stream_type != event.stream_type) return false;
    return types.empty() || std::find(types.begin(), types.end(), event.type) != types.end();
}

}  // namespace fleet::bus
