#pragma once

namespace fleet::app {

// The whole of fleetd: reads settings, runs until a signal asks it to stop, answers the exit code.
int daemon_main(int argc, char** argv);

}  // namespace fleet::app
