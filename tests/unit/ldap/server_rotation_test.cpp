#include "ldap/server_rotation.hpp"

#include <doctest/doctest.h>

using namespace keysyncd::ldap;

TEST_CASE("a new list keeps the server that answers, whatever its place in the draw") {
    ServerRotation rotation({"the.domain"});
    rotation.replace({"b", "a"});
    CHECK(rotation.current() == "b");
    rotation.succeeded();
    rotation.replace({"a", "b"});
    CHECK(rotation.current() == "b");
    rotation.failed();
    CHECK(rotation.current() == "a");
}

TEST_CASE("a new list without the present server begins with its first, those that failed last") {
    ServerRotation rotation({"a", "b"});
    rotation.failed();
    CHECK(rotation.current() == "b");
    rotation.replace({"a", "c"});
    CHECK(rotation.current() == "c");
    rotation.failed();
    CHECK(rotation.current() == "a");
}

TEST_CASE("after every server has failed a new list is taken in its order") {
    ServerRotation rotation({"a", "b"});
    rotation.failed();
    rotation.failed();
    CHECK(rotation.began_anew());
    rotation.replace({"b", "a"});
    CHECK(rotation.current() == "b");
    CHECK_FALSE(rotation.began_anew());
}

TEST_CASE("one good answer ends the need for a new list") {
    ServerRotation rotation({"a"});
    rotation.failed();
    CHECK(rotation.began_anew());
    rotation.succeeded();
    CHECK_FALSE(rotation.began_anew());
}
