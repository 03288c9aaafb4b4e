#include "daemon/http/http_connections.hpp"

#include <doctest/doctest.h>

#include <list>
#include <memory>

using keysyncd::daemon::HttpConnection;
using keysyncd::daemon::HttpConnections;

namespace {

class Peer final : public HttpConnection {
  public:
    explicit Peer(HttpConnections& set) : place(std::make_unique<HttpConnections::Place>(set, *this)) {}
    void close() override { ++closed; }

    int closed = 0;
    std::unique_ptr<HttpConnections::Place> place;
};

}  // namespace

TEST_CASE("below the limit everybody stays") {
    HttpConnections set(2);
    CHECK(set.make_room());
    const Peer one(set);
    CHECK(set.make_room());
    CHECK(one.closed == 0);
}

TEST_CASE("at the limit the one that waits longest gives way") {
    HttpConnections set(3);
    Peer first(set);
    Peer second(set);
    Peer third(set);
    first.place->serve();
    first.place->wait();  // served a request, so its wait began last
    CHECK(set.make_room());
    CHECK(first.closed == 0);
    CHECK(second.closed == 1);
    CHECK(third.closed == 0);
    CHECK(set.make_room());  // the closed one is not gone yet but counts no more
    CHECK(third.closed == 0);
    second.place.reset();
    CHECK(set.make_room());
    CHECK(third.closed == 0);
}

TEST_CASE("nobody who is being served is closed for a new one") {
    HttpConnections set(1);
    Peer only(set);
    only.place->serve();
    CHECK_FALSE(set.make_room());
    CHECK(only.closed == 0);
    only.place->wait();
    CHECK(set.make_room());
    CHECK(only.closed == 1);
}

TEST_CASE("at stop the waiting go first, the served may finish, nobody is closed twice") {
    HttpConnections set(8);
    Peer waiting(set);
    Peer serving(set);
    serving.place->serve();
    set.close_waiting();
    CHECK(waiting.closed == 1);
    CHECK(serving.closed == 0);
    set.close_all();
    CHECK(waiting.closed == 1);
    CHECK(serving.closed == 1);
    CHECK_FALSE(set.empty());
    waiting.place.reset();
    serving.place.reset();
    CHECK(set.empty());
}
