// A directory server for tests that does what a real domain controller cannot be made to do: replication metadata,
// ranges, and every way in which an LDAP connection goes wrong. Real TLS, real LDAP by liblber.
//   directory_standin CERTIFICATE KEY ACCOUNT CONTENT.json [old-tls]      old-tls: nothing above TLS 1.1
// prints "PORT" and then takes commands on stdin, one JSON object a line, each answered by one line:
//   {"faults": {name: value, ...}}     replaces all faults
//   {"set": {"dn": ..., "attribute": ..., "values": [...]}}
//   {"state": {"most_values": 2, "dirsync_rounds": 3, "valid_cookie": "...", "replication_right": true,
//   "dirsync_refused": false, "clock_offset": 0}}
//   {"end_sessions": "cut" | "notice"} those that are there end at their next request
//   {"changes": [objects]}             what DirSync answers to a cookie
//   {"log": true}                      the searches since the last time
#include <arpa/inet.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "session.hpp"

namespace {

namespace json = boost::json;

bool flag(const json::object& from, const char* name) {
    const auto* value = from.if_contains(name);
    return value != nullptr && value->as_bool();
}

std::size_t number(const json::object& from, const char* name, std::size_t otherwise) {
    const auto* value = from.if_contains(name);
    return value == nullptr ? otherwise : value->to_number<std::size_t>();
}

standin::Faults faults_from(const json::object& from) {
    standin::Faults faults;
    faults.stalled_handshake = flag(from, "stalled_handshake");
    faults.silent_bind = flag(from, "silent_bind");
    faults.silent = flag(from, "silent");
    faults.unknown_controls = flag(from, "unknown_controls");
    faults.half_message = flag(from, "half_message");
    faults.no_second_page = flag(from, "no_second_page");
    faults.garbage = flag(from, "garbage");
    faults.notice = flag(from, "notice");
    faults.reset = flag(from, "reset");
    faults.references = flag(from, "references");
    faults.no_binary_metadata = flag(from, "no_binary_metadata");
    faults.stuck_ranges = flag(from, "stuck_ranges");
    faults.tombstone_code = static_cast<int>(number(from, "tombstone_code", 0));
    faults.result_code = static_cast<int>(number(from, "result_code", 0));
    faults.size_limit = number(from, "size_limit", 0);
    if (const auto* referral = from.if_contains("referral")) {
        faults.referral = std::string(referral->as_string());
    }
    return faults;
}

void obey(const json::object& command, standin::State& state) {
    const std::scoped_lock guard(state.lock);
    if (const auto* faults = command.if_contains("faults")) {
        state.faults = faults_from(faults->as_object());
    }
    if (const auto* set = command.if_contains("set")) {
        const json::value object{{"dn", set->at("dn")}, {"attributes", {{"value", set->at("values")}}}};
        auto parsed = standin::objects_from(json::array{object});
        state.directory.set(parsed.front().dn, std::string(set->at("attribute").as_string()),
                            std::move(parsed.front().attributes.front().values));
    }
    if (const auto* changes = command.if_contains("changes")) {
        state.changes = standin::Directory(standin::objects_from(*changes));
    }
    if (const auto* how = command.if_contains("end_sessions")) {
        state.ended_sessions = state.sessions;
        state.notice_of_end = how->as_string() == "notice";
    }
    if (const auto* change = command.if_contains("state")) {
        const auto& wanted = change->as_object();
        state.most_values = number(wanted, "most_values", state.most_values);
        state.dirsync_rounds = number(wanted, "dirsync_rounds", state.dirsync_rounds);
        if (const auto* cookie = wanted.if_contains("valid_cookie")) {
            state.valid_cookie = std::string(cookie->as_string());
        }
        if (const auto* offset = wanted.if_contains("clock_offset")) {
            state.clock_offset = offset->to_number<long>();
        }
        if (wanted.contains("replication_right")) {
            state.replication_right = flag(wanted, "replication_right");
        }
        if (wanted.contains("dirsync_refused")) {
            state.dirsync_refused = flag(wanted, "dirsync_refused");
        }
    }
}

json::array take_log(standin::State& state) {
    const std::scoped_lock guard(state.lock);
    json::array lines;
    for (const auto& line : std::exchange(state.log, {})) {
        lines.push_back(json::value(line));
    }
    return lines;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5 && argc != 6) {
        std::cerr << "usage: directory_standin CERTIFICATE KEY ACCOUNT CONTENT.json [old-tls]\n";
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    if (argc == 6) {
        SSL_CTX_set_security_level(context, 0);  // OpenSSL offers it at no other
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    }
    if (SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1) {
        throw std::runtime_error("the certificate or its key cannot be used");
    }
    // A client certificate is asked for and taken as it is: what counts here is that the client shows one.
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int /*verified*/, X509_STORE_CTX* /*chain*/) { return 1; });
    std::ifstream file(argv[4]);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    standin::State state;
    state.account = argv[3];
    state.directory = standin::Directory(standin::objects_from(json::parse(content)));

    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener, 16) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("cannot listen on the loopback address");
    }
    std::cout << ntohs(address.sin_port) << std::endl;
    std::thread([listener, context, &state] {
        for (;;) {
            const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (client >= 0) {
                std::thread(standin::serve, client, context, std::ref(state)).detach();
            }
        }
    }).detach();
    for (std::string line; std::getline(std::cin, line);) {
        const auto command = json::parse(line).as_object();
        obey(command, state);
        std::cout << (command.contains("log") ? json::serialize(take_log(state)) : "true") << std::endl;
    }
    std::_Exit(0);  // sessions may still wait for their clients
} catch (const std::exception& error) {
    std::cerr << "directory_standin: " << error.what() << "\n";
    return 1;
}
