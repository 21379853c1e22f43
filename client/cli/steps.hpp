#pragma once
// Showing work that the daemon does step by step.
#include "cli/context.hpp"

namespace fleet::cli {

// Shows steps as they come: on a terminal the running one in place, finished ones as lines that stay. It uses
// the context as long as it is called.
JsonSink step_sink(Context& context);
std::string step_line(Json const& step, Style const& style);

}  // namespace fleet::cli
