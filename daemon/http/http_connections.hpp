// Which connections are open, and which of them only wait for a request. When there are too many, the one that waits
// longest gives way: whoever opens connections and sends nothing cannot keep a scrape out.
// Not thread-safe: used on the server's thread only.
#pragma once

#include <cstddef>
#include <list>

namespace keysyncd::daemon {

class HttpConnection {
  public:
    virtual ~HttpConnection() = default;
    /// Aborts whatever it does; it leaves the set later, when its operations have ended. May be called twice.
    virtual void close() = 0;
};

class HttpConnections {
    struct Entry;

  public:
    explicit HttpConnections(std::size_t limit) : limit_(limit) {}

    /// One connection's place in the set, from accept to end.
    class Place {
      public:
        Place(HttpConnections& set, HttpConnection& connection);
        ~Place();
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

        void wait();   ///< no request under way: may give way to a new connection
        void serve();  ///< a request has come

      private:
        HttpConnections& set_;
        std::list<Entry>::iterator entry_;
    };

    /// Makes room for one more, by closing the one that waits longest if need be. False: all are being served.
    [[nodiscard]] bool make_room();

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

    void close_waiting();
    void close_all();

  private:
    enum class State { waiting, serving, closed };
    struct Entry {
        HttpConnection* connection;
        State state;
    };

    void close(Entry& entry);

    std::size_t limit_;
    std::size_t closed_ = 0;    ///< entries that are closed and not gone yet
    std::list<Entry> entries_;  ///< in the order in which they last began to wait
};

}  // namespace keysyncd::daemon
