#pragma once

namespace fleet::cli {

// The whole of `fleet`: reads the command line, runs one command, answers the exit code.
int cli_main(int argc, char** argv);

}  // namespace fleet::cli
