#include "daemon/text/hashed_name.hpp"

#include <doctest/doctest.h>

using keysyncd::daemon::hashed_name;

TEST_CASE("hashed names: the same for any case, another for another name, of one length") {
    CHECK(hashed_name("Ada@corp") == hashed_name("ada@CORP"));
    CHECK(hashed_name("Ada@corp") != hashed_name("Ada2@corp"));
    CHECK(hashed_name("Ada@corp").size() == 7 + 16);
    CHECK(hashed_name("Ada@corp").starts_with("sha256:"));
}
