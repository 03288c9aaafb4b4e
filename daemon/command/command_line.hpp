// The command line: which command, with which flags, and the exit code.
#pragma once

namespace keysyncd::daemon {

/// 0 done and well; 1 it ran and something is wrong; 2 the command line or the configuration is wrong.
[[nodiscard]] int run_command_line(int argc, char** argv);

}  // namespace keysyncd::daemon
