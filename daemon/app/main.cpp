#include "app/daemon_main.hpp"

int main(int argc, char** argv) {
    return fleet::app::daemon_main(argc, argv);
}
