#include "daemon/command/command_line.hpp"

int main(int argc, char** argv) {
    return keysyncd::daemon::run_command_line(argc, argv);
}
