#include "cli/cli_main.hpp"

int main(int argc, char** argv) {
    return fleet::cli::cli_main(argc, argv);
}
