#include "daemon/http/http_connections.hpp"

#include <algorithm>

namespace keysyncd::daemon {

HttpConnections::Place::Place(HttpConnections& set, HttpConnection& connection)
    : set_(set), entry_(set.entries_.insert(set.entries_.end(), Entry{&connection, State::waiting})) {}

HttpConnections::Place::~Place() {
    if (entry_->state == State::closed) {
        --set_.closed_;
    }
    set_.entries_.erase(entry_);
}

void HttpConnections::Place::wait() {
    if (entry_->state == State::serving) {
        entry_->state = State::waiting;
        set_.entries_.splice(set_.entries_.end(), set_.entries_, entry_);
    }
}

void HttpConnections::Place::serve() {
    if (entry_->state == State::waiting) {
        entry_->state = State::serving;
    }
}

bool HttpConnections::make_room() {
    if (entries_.size() - closed_ < limit_) {
        return true;
    }
    const auto longest = std::ranges::find(entries_, State::waiting, &Entry::state);
    if (longest == entries_.end()) {
        return false;
    }
    close(*longest);
    return true;
}

void HttpConnections::close_waiting() {
    for (Entry& entry : entries_) {
        if (entry.state == State::waiting) {
            close(entry);
        }
    }
}

void HttpConnections::close_all() {
    for (Entry& entry : entries_) {
        if (entry.state != State::closed) {
            close(entry);
        }
    }
}

void HttpConnections::close(Entry& entry) {
    entry.state = State::closed;
    ++closed_;
    entry.connection->close();
}

}  // namespace keysyncd::daemon
