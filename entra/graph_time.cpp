#include "entra/graph_time.hpp"
