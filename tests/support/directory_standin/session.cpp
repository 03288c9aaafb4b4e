#include "session.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

namespace standin {
namespace {

constexpr auto paging_oid = "1.2.840.113556.1.4.319";
constexpr auto dirsync_oid = "1.2.840.113556.1.4.841";
constexpr std::array known_controls{paging_oid, dirsync_oid, "1.2.840.113556.1.4.801", "1.2.840.113556.1.4.417"};
constexpr int subtree = 2;
constexpr unsigned object_security = 1;

std::string generalized_time(std::time_t seconds) {
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S.0Z", &parts)};
}

class Session {
  public:
    Session(SSL* ssl, State& state) : ssl_(ssl), state_(state), number_(next_number(state)) {}

    void run() {
        for (;;) {
            const auto message = receive();
            if (!message) {
                return;
            }
            const auto request = parse_request(*message);
            if (!request || request->operation == tag::unbind_request || ended()) {
                return;
            }
            if (request->operation == tag::bind_request) {
                std::unique_lock guard(state_.lock);
                state_.log.emplace_back("bind");
                if (state_.faults.silent_bind) {
                    guard.unlock();
                    fall_silent();
                }
                const bool known = request->mechanism == "EXTERNAL" ? SSL_get0_peer_certificate(ssl_) != nullptr
                                                                    : request->base == state_.account;
                send(encode_result(request->id, tag::bind_response,
                                   {.code = known ? 0 : 49, .message = known ? "" : "data 52e"}));
            } else if (request->operation == tag::search_request) {
                search(*request);
            }
        }
    }

  private:
    // Waits until the peer goes, as a server does that has forgotten its client.
    [[noreturn]] void fall_silent() {
        std::array<char, 512> sink{};
        while (SSL_read(ssl_, sink.data(), static_cast<int>(sink.size())) > 0) {
        }
        throw std::runtime_error("the client has gone");
    }

    static std::size_t next_number(State& state) {
        const std::scoped_lock guard(state.lock);
        return ++state.sessions;
    }

    // The server has given this session up since its last request.
    bool ended() {
        const std::scoped_lock guard(state_.lock);
        if (number_ > state_.ended_sessions) {
            return false;
        }
        if (state_.notice_of_end) {
            send(encode_disconnection(52, "the session was idle for too long"));
        }
        return true;
    }

    std::optional<std::string> receive() {
        for (;;) {
            const std::size_t size = message_size(buffer_);
            if (size != 0 && buffer_.size() >= size) {
                std::string message = buffer_.substr(0, size);
                buffer_.erase(0, size);
                return message;
            }
            std::array<char, 16384> chunk{};
            const int got = SSL_read(ssl_, chunk.data(), static_cast<int>(chunk.size()));
            if (got <= 0) {
                return std::nullopt;
            }
            buffer_.append(chunk.data(), static_cast<std::size_t>(got));
        }
    }

    void send(const std::string& bytes) {
        if (SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) <= 0) {
            throw std::runtime_error("the client has gone");
        }
    }

    void finish(const Request& request, Result result = {}) {
        send(encode_result(request.id, tag::search_done, result));
    }

    // True when a fault has answered for the directory.
    bool misbehave(const Request& request, const Faults& faults) {
        if (faults.tombstone_code != 0 && request.base.starts_with("<WKGUID=")) {
            finish(request, {.code = faults.tombstone_code, .message = "as the test wants it"});
            return true;
        }
        if (request.scope != subtree) {
            return false;  // the rootDSE and the small reads go well: the search itself is what fails
        }
        if (faults.silent) {
            fall_silent();
        }
        if (faults.garbage) {
            send("HTTP/1.1 400 Bad Request\r\n\r\n");
            fall_silent();
        }
        if (faults.notice) {
            send(encode_disconnection(52, "the server is going down"));
            throw std::runtime_error("disconnected");
        }
        if (faults.half_message) {
            const std::string whole = encode_entry(request.id, "CN=half", {{"objectGUID", {std::string(16, 'x')}}});
            send(whole.substr(0, whole.size() / 2));
            fall_silent();
        }
        if (faults.result_code != 0) {
            finish(request,
                   {.code = faults.result_code, .message = "as the test wants it", .referral = faults.referral});
            return true;
        }
        return false;
    }

    void search(const Request& request) {
        Faults faults;
        std::vector<Object> found;
        std::size_t most_values = 0;
        {
            const std::scoped_lock guard(state_.lock);
            faults = state_.faults;
            if (request.base.empty()) {
                state_.directory.set("", "currentTime", {generalized_time(std::time(nullptr) + state_.clock_offset)});
            }
            most_values = state_.most_values;
            std::string line = request.base + " ?";
            for (const auto& name : request.attributes) {
                line += " " + name;
            }
            state_.log.push_back(std::move(line));
            for (const Object* object : state_.directory.search(request)) {
                found.push_back(*object);
            }
        }
        for (const auto& control : request.controls) {
            if (control.critical &&
                (faults.unknown_controls || std::ranges::find(known_controls, control.oid) == known_controls.end())) {
                // As a domain controller does it: not the SearchResultDone that a client waits for.
                send(encode_result(request.id, tag::extended_response, {.code = 12, .message = "unknown control"}));
                return;
            }
        }
        if (misbehave(request, faults)) {
            return;
        }
        if (faults.no_binary_metadata &&
            std::ranges::find(request.attributes, "msDS-ReplValueMetaData;binary") != request.attributes.end()) {
            finish(request, {.code = 53, .message = "no binary form here"});
            return;
        }
        if (const Control* control = request.control(dirsync_oid)) {
            dirsync(request, *control, std::move(found));
            return;
        }
        if (request.scope == 0 && found.empty()) {
            finish(request, {.code = 32});
            return;
        }
        page(request, found, faults, most_values);
    }

    void page(const Request& request, const std::vector<Object>& found, const Faults& faults, std::size_t most_values) {
        std::size_t first = 0;
        std::size_t count = found.size();
        const Control* paging = request.control(paging_oid);
        if (paging != nullptr) {
            const auto wanted = parse_cookie_value(paging->value, false);
            if (!wanted) {
                finish(request, {.code = 2, .message = "the paging control does not decode"});
                return;
            }
            first = wanted->cookie.empty() ? 0 : std::stoul(wanted->cookie);
            if (first > 0 && faults.no_second_page) {
                fall_silent();
            }
            count = std::min(page_size(*wanted), found.size() - std::min(first, found.size()));
        }
        for (std::size_t i = first; i < first + count; ++i) {
            if (faults.size_limit != 0 && i - first == faults.size_limit && request.scope == subtree) {
                finish(request, {.code = 4});
                return;
            }
            if (faults.reset && request.scope == subtree && i > first) {
                throw std::runtime_error("cut");
            }
            if (faults.references) {
                send(encode_reference(request.id, "ldap://child.test/DC=child,DC=standin,DC=test"));
            }
            const auto& wanted = faults.stuck_ranges ? without_ranges(request.attributes) : request.attributes;
            send(encode_entry(request.id, found[i].dn, select(found[i], wanted, most_values)));
        }
        Result done;
        if (paging != nullptr) {
            const std::size_t next = first + count;
            done.controls.push_back(
                {paging_oid, false, encode_page_value(0, next < found.size() ? std::to_string(next) : "")});
        }
        finish(request, std::move(done));
    }

    static std::vector<std::string> without_ranges(std::vector<std::string> names) {
        for (auto& name : names) {
            name = name.substr(0, name.find(";range="));
        }
        return names;
    }

    static std::size_t page_size(const CookieValue& wanted) {
        return wanted.first <= 0 ? 1 : static_cast<std::size_t>(wanted.first);
    }

    void dirsync(const Request& request, const Control& control, std::vector<Object> found) {
        const auto wanted = parse_cookie_value(control.value, true);
        std::unique_lock guard(state_.lock);
        if (!wanted) {
            finish(request, {.code = 2, .message = "the DirSync control does not decode"});
            return;
        }
        if (state_.dirsync_refused ||
            ((static_cast<unsigned>(wanted->first) & object_security) == 0 && !state_.replication_right)) {
            finish(request, {.code = 50, .message = "00002105: replication access was denied"});
            return;
        }
        std::size_t round = 0;
        std::string cookie = wanted->cookie;
        if (const auto at = cookie.rfind("/round-"); at != std::string::npos) {
            round = std::stoul(cookie.substr(at + 7));
            cookie.erase(at);
        }
        if (!cookie.empty() && cookie != state_.valid_cookie) {
            finish(request, {.code = 53, .message = "0000203D: Error processing control"});
            return;
        }
        if (!cookie.empty()) {
            found.clear();
            for (const Object* object : state_.changes.search(request)) {
                found.push_back(*object);
            }
        }
        const std::size_t rounds = state_.dirsync_rounds;
        const std::string after = state_.valid_cookie;
        guard.unlock();
        for (std::size_t i = round; i < found.size(); i += rounds) {
            // Ranges are DirSync's own way to tell added from removed values: whatever is there is told.
            std::vector<Value> told;
            for (const auto& attribute : found[i].attributes) {
                const std::string plain = attribute.name.substr(0, attribute.name.find(";range="));
                if (plain == "objectGUID" || std::ranges::find(request.attributes, plain) != request.attributes.end()) {
                    told.push_back(attribute);
                }
            }
            send(encode_entry(request.id, found[i].dn, told));
        }
        const bool more = round + 1 < rounds;
        std::string next = after;
        if (more) {
            // A full sync keeps its empty start in the cookie of its rounds; changes keep theirs.
            next = cookie + "/round-" + std::to_string(round + 1);
        }
        finish(request, {.controls = {{dirsync_oid, false, encode_dirsync_value(more ? 1 : 0, next)}}});
    }

    SSL* ssl_;
    State& state_;
    std::size_t number_;
    std::string buffer_;
};

}  // namespace

void serve(int descriptor, SSL_CTX* context, State& state) {
    bool stalled = false;
    {
        const std::scoped_lock guard(state.lock);
        state.log.emplace_back("connect");
        stalled = state.faults.stalled_handshake;
    }
    if (stalled) {
        std::array<char, 512> sink{};
        while (::recv(descriptor, sink.data(), sink.size(), 0) > 0) {
        }
        ::close(descriptor);
        return;
    }
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context), &SSL_free);
    SSL_set_fd(ssl.get(), descriptor);
    if (SSL_accept(ssl.get()) == 1) {
        try {
            Session(ssl.get(), state).run();
        } catch (const std::exception&) {
            // The session ends as the fault or the client wants it.
        }
    }
    ::close(descriptor);
}

}  // namespace standin
