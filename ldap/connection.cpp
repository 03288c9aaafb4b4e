#include "ldap/connection.hpp"

#include <fmt/format.h>
#include <lber.h>
#include <ldap.h>
#include <openldap.h>

#include <utility>

#include "config/escape.hpp"
#include "ldap/bind.hpp"
#include "ldap/certificate.hpp"
#include "ldap/ldap_text.hpp"
#include "ldap/search_messages.hpp"
#include "ldap/tcp_connect.hpp"
#include "ldap/tls_options.hpp"
#include "ldap/tls_probe.hpp"

namespace keysyncd::ldap {
namespace {

// What libldap itself waits for an answer; the Watch is the real bound, this only keeps a lost one from hanging.
constexpr std::chrono::seconds libldap_slack{5};

constexpr ber_len_t read_ahead_bytes = 64U << 10U;
// Longer than any pass between two looks at the clock should take.
constexpr std::chrono::minutes renew_before{5};

timeval to_timeval(std::chrono::milliseconds duration) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(duration);
    return {.tv_sec = whole.count(), .tv_usec = std::chrono::microseconds(duration - whole).count()};
}

// Below TLS: GnuTLS asks for each record in two reads, which without this are two system calls for every entry.
void read_ahead(LDAP* handle) {
    Sockbuf* socket = nullptr;
    if (ldap_get_option(handle, LDAP_OPT_SOCKBUF, static_cast<void*>(&socket)) == LDAP_OPT_SUCCESS &&
        socket != nullptr &&
        ber_sockbuf_add_io(socket, &ber_sockbuf_io_readahead, LBER_SBIOD_LEVEL_PROVIDER, nullptr) == 0) {
        ber_len_t size = read_ahead_bytes;
        ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_READAHEAD, &size);
    }
}

struct FreeMessage {
    void operator()(LDAPMessage* message) const noexcept { ldap_msgfree(message); }
};

}  // namespace

void Connection::Unbind::operator()(LDAP* handle) const noexcept {
    ldap_unbind_ext(handle, nullptr, nullptr);
}

Connection::~Connection() {
    // A peer that reads no more must not hold us in the goodbye: after the shutdown it can only fail.
    if (handle_ != nullptr && lifeline_ != nullptr && lifeline_->reason() != CutReason::none) {
        lifeline_->cut(CutReason::stopped);
    }
}

std::expected<std::unique_ptr<Connection>, PollError> Connection::open(
    const ServerEndpoint& server, const config::TlsSettings& tls, const config::BindSettings& bind_settings,
    DeadlineSupervisor& supervisor, const std::stop_token& stop, const ConnectionLimits& limits) {
    auto socket = tcp_connect(supervisor, server, limits.connect, stop);
    if (!socket) {
        return std::unexpected(std::move(socket.error()));
    }
    std::unique_ptr<Connection> connection(new Connection(server, supervisor, limits));
    connection->lifeline_ = std::make_shared<Lifeline>(socket->get());
    if (const auto attached = connection->attach(socket->get()); !attached) {
        return std::unexpected(attached.error());
    }
    static_cast<void>(socket->release());  // the handle closes it from here on
    const bool over_tls = server.ldaps || tls.start_tls;
    if (over_tls) {
        if (auto started = connection->start_tls_session(tls, stop); !started) {
            if (started.error().failure == PollFailure::tls) {
                connection.reset();
                started.error().detail =
                    explain_tls_failure(supervisor, server, tls.ca_file, tls.start_tls, limits.handshake, stop);
            }
            return std::unexpected(std::move(started.error()));
        }
    }
    const auto watch = supervisor.watch(connection->lifeline_, limits.bind, stop);
    const auto bound = bind(
        connection->handle_.get(),
        {.settings = bind_settings, .host = server.host, .over_tls = over_tls, .limit = limits.bind, .stop = stop});
    if (!bound) {
        if (connection->lifeline_->reason() != CutReason::none || bound.error().code == LDAP_SERVER_DOWN) {
            return std::unexpected(connection->lost("binding"));
        }
        return std::unexpected(PollError{bound.error().code == LDAP_BUSY || bound.error().code == LDAP_UNAVAILABLE
                                             ? PollFailure::server_busy
                                             : PollFailure::bind,
                                         server.url(), bound.error().detail});
    }
    connection->credential_expiry_ = *bound;
    return connection;
}

std::expected<void, PollError> Connection::attach(int descriptor) {
    LDAP* raw = nullptr;
    const int code = ldap_init_fd(descriptor, LDAP_PROTO_TCP, server_.url().c_str(), &raw);
    handle_.reset(raw);
    if (code != LDAP_SUCCESS) {
        return std::unexpected(PollError{PollFailure::protocol, server_.url(), ldap_err2string(code)});
    }
    const int version = LDAP_VERSION3;
    ldap_set_option(raw, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(raw, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    ldap_set_option(raw, LDAP_OPT_RESTART, LDAP_OPT_ON);
    read_ahead(raw);
    return {};
}

std::expected<void, PollError> Connection::start_tls_session(const config::TlsSettings& tls,
                                                             const std::stop_token& stop) {
    LDAP* handle = handle_.get();
    const auto watch = supervisor_.watch(lifeline_, limits_.handshake, stop);
    const timeval patience = to_timeval(limits_.handshake + libldap_slack);
    ldap_set_option(handle, LDAP_OPT_TIMEOUT, &patience);
    const std::string ca_file = tls.ca_file.empty() ? std::string(system_ca_file) : tls.ca_file.string();
    if (!set_tls_options(handle, tls, ca_file)) {
        return std::unexpected(
            PollError{PollFailure::configuration, server_.url(),
                      fmt::format("the TLS files cannot be used; check that tls.ca_file ({}) and, where given, "
                                  "tls.certificate_file and tls.key_file are readable PEM files",
                                  ca_file)});
    }
    if (!server_.ldaps) {
        berval* data = nullptr;
        char* oid = nullptr;
        const int code = ldap_extended_operation_s(handle, LDAP_EXOP_START_TLS, nullptr, nullptr, nullptr, &oid, &data);
        ldap_memfree(oid);
        ber_bvfree(data);
        if (code != LDAP_SUCCESS) {
            if (code == LDAP_SERVER_DOWN || lifeline_->reason() != CutReason::none) {
                return std::unexpected(lost("asking for StartTLS"));
            }
            return std::unexpected(PollError{
                code == LDAP_BUSY || code == LDAP_UNAVAILABLE ? PollFailure::server_busy : PollFailure::protocol,
                server_.url(),
                fmt::format("the server refuses StartTLS: {}; has it a certificate?", ldap_err2string(code))});
        }
    }
    if (ldap_install_tls(handle) != LDAP_SUCCESS) {
        if (lifeline_->reason() != CutReason::none) {
            return std::unexpected(lost("the TLS handshake"));
        }
        return std::unexpected(PollError{PollFailure::tls, server_.url(), {}});
    }
    if (!speaks_new_tls(handle)) {
        return std::unexpected(PollError{PollFailure::tls, server_.url(), {}});
    }
    berval certificate{};
    if (ldap_get_option(handle, LDAP_OPT_X_TLS_PEERCERT, &certificate) == LDAP_OPT_SUCCESS) {
        certificate_expiry_ = expiry_of_certificate(std::as_bytes(std::span(certificate.bv_val, certificate.bv_len)));
        ber_memfree(certificate.bv_val);
    }
    return {};
}

std::expected<SearchResult, PollError> Connection::search(const SearchRequest& request, const EntryVisitor& visit,
                                                          const std::stop_token& stop) {
    const auto sent = send(request, stop);
    if (!sent) {
        return std::unexpected(sent.error());
    }
    return receive(*sent, visit, stop);
}

std::expected<SentSearch, PollError> Connection::send(const SearchRequest& request, const std::stop_token& stop) {
    LDAP* handle = handle_.get();
    SentSearch sent{.id = 0, .limit = request.limit.count() > 0 ? request.limit : limits_.answer};
    const auto watch = supervisor_.watch(lifeline_, sent.limit, stop);
    WireRequest wire(request);
    if (ldap_search_ext(handle, request.base.c_str(), wire.scope(), request.filter.c_str(), wire.attributes(), 0,
                        wire.controls(), nullptr, nullptr, request.size_limit, &sent.id) != LDAP_SUCCESS) {
        int code = 0;
        ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code);
        if (code == LDAP_FILTER_ERROR) {
            return std::unexpected(PollError{PollFailure::configuration, server_.url(),
                                             fmt::format("{} is no LDAP filter", request.filter)});
        }
        return std::unexpected(lost("sending a search"));
    }
    return sent;
}

void Connection::abandon(const SentSearch& sent) noexcept {
    ldap_abandon_ext(handle_.get(), sent.id, nullptr, nullptr);
}

std::expected<SearchResult, PollError> Connection::receive(const SentSearch& sent, const EntryVisitor& visit,
                                                           const std::stop_token& stop) {
    LDAP* handle = handle_.get();
    const auto watch = supervisor_.watch(lifeline_, sent.limit, stop);
    EntryReader reader;
    for (;;) {
        timeval patience = to_timeval(sent.limit + libldap_slack);
        LDAPMessage* raw = nullptr;
        const int type = ldap_result(handle, sent.id, LDAP_MSG_ONE, &patience, &raw);
        const std::unique_ptr<LDAPMessage, FreeMessage> message(raw);
        if (type <= 0 || lifeline_->reason() != CutReason::none) {
            return std::unexpected(lost("waiting for a search's answer"));
        }
        if (type == LDAP_RES_SEARCH_ENTRY) {
            const auto entry = reader.read(handle, raw);
            if (!entry) {
                abandon(sent);
                return std::unexpected(
                    PollError{PollFailure::protocol, server_.url(), "an entry that is not LDAP: it ends too early"});
            }
            if (!visit(*entry)) {
                abandon(sent);
                return std::unexpected(PollError{PollFailure::stopped, server_.url(), "asked to stop"});
            }
        } else if (type == LDAP_RES_SEARCH_RESULT || type == LDAP_RES_EXTENDED) {
            auto result = to_result(handle, raw);
            if (!result) {
                return std::unexpected(PollError{PollFailure::protocol, server_.url(),
                                                 fmt::format("an answer that is not LDAP: {}", result.error())});
            }
            if (type == LDAP_RES_EXTENDED && result->code == result_code::success) {
                return std::unexpected(
                    PollError{PollFailure::protocol, server_.url(), "a search was answered by an extended response"});
            }
            return std::move(*result);
        }
        // Search continuations (to subordinate domains) are left alone: each domain is configured by itself.
    }
}

std::expected<std::optional<Entry>, PollError> Connection::read(SearchRequest request, const std::stop_token& stop) {
    request.scope = SearchScope::base;
    std::optional<Entry> found;
    auto result = search(
        request,
        [&](const EntryView& entry) {
            found = entry.copy();
            return true;
        },
        stop);
    if (!result) {
        return std::unexpected(std::move(result.error()));
    }
    if (result->code != result_code::success && result->code != result_code::no_such_object) {
        return std::unexpected(refused(*result, fmt::format("reading \"{}\"", request.base)));
    }
    return found;
}

bool Connection::expires_soon() const noexcept {
    return credential_expiry_ && *credential_expiry_ - std::chrono::system_clock::now() < renew_before;
}

PollError Connection::refused(const SearchResult& result, std::string_view what) const {
    PollFailure failure = PollFailure::search;
    switch (result.code) {
        case result_code::busy:
        case result_code::unavailable:
            failure = PollFailure::server_busy;
            break;
        case result_code::insufficient_access_rights:
        case result_code::inappropriate_authentication:
            failure = PollFailure::rights;
            break;
        case result_code::no_such_object:
            return {PollFailure::configuration, server_.url(),
                    fmt::format("{}: the server knows no such object; check base_dn, and that the account may see it",
                                what),
                    result.code};
        default:
            break;
    }
    return {failure, server_.url(),
            fmt::format("{}: {} (code {}{}{})", what, ldap_err2string(result.code), result.code,
                        result.message.empty() ? "" : ": ", config::escape_control(result.message)),
            result.code};
}

PollError Connection::lost(std::string_view doing) const {
    switch (lifeline_->reason()) {
        case CutReason::stopped:
            return {PollFailure::stopped, server_.url(), "asked to stop"};
        case CutReason::deadline:
            return {PollFailure::timeout, server_.url(),
                    fmt::format("{}: the domain controller did not answer in time; is it overloaded or hung?", doing)};
        case CutReason::none:
            break;
    }
    int code = LDAP_SERVER_DOWN;
    ldap_get_option(handle_.get(), LDAP_OPT_RESULT_CODE, &code);
    const PollFailure failure = code == LDAP_DECODING_ERROR ? PollFailure::protocol
                                : code == LDAP_TIMEOUT      ? PollFailure::timeout
                                                            : PollFailure::connect;
    const std::string diagnostic = diagnostic_message(handle_.get());
    return {failure, server_.url(),
            fmt::format("{}: the connection was lost ({}{}{})", doing, ldap_err2string(code),
                        diagnostic.empty() ? "" : ": ", diagnostic)};
}

}  // namespace keysyncd::ldap
