// Asio's compiled half, for test programs that do not link the daemon.
#include <boost/asio/impl/src.hpp>
