#include "ldap/kerberos_ticket.hpp"

#include <fmt/format.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace keysyncd::ldap {
namespace {

struct FreeContext {
    void operator()(krb5_context context) const noexcept { krb5_free_context(context); }
};
using Context = std::unique_ptr<std::remove_pointer_t<krb5_context>, FreeContext>;

Context make_context() {
    krb5_context raw = nullptr;
    krb5_init_context(&raw);
    return Context(raw);
}

void destroy_cache(const std::string* name) {
    if (const Context context = make_context()) {
        krb5_ccache cache = nullptr;
        if (krb5_cc_resolve(context.get(), name->c_str(), &cache) == 0) {
            krb5_cc_destroy(context.get(), cache);
        }
    }
    delete name;
}

// Everything that one request holds of Kerberos, released in the end whatever happened.
class Request {
  public:
    explicit Request(krb5_context context) : context_(context) {}
    ~Request() {
        krb5_free_cred_contents(context_, &credentials_);
        if (service_credentials_ != nullptr) {
            krb5_free_creds(context_, service_credentials_);
        }
        krb5_free_principal(context_, service_);
        krb5_free_principal(context_, client_);
        if (keytab_ != nullptr) {
            krb5_kt_close(context_, keytab_);
        }
        if (cache_ != nullptr) {
            krb5_cc_close(context_, cache_);
        }
    }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    std::expected<std::chrono::sys_seconds, std::string> run(const std::string& principal, const std::string& keytab,
                                                             const std::string& host, const std::string& cache_name) {
        if (const auto code = krb5_parse_name(context_, principal.c_str(), &client_); code != 0) {
            return fail(fmt::format("bind.principal \"{}\" is no Kerberos name", principal), code);
        }
        krb5_error_code readable = krb5_kt_resolve(context_, keytab.c_str(), &keytab_);
        readable = readable != 0 ? readable : krb5_kt_have_content(context_, keytab_);
        if (readable != 0) {
            return fail(fmt::format("the keytab {} cannot be read; check bind.keytab", keytab), readable);
        }
        if (const auto code =
                krb5_get_init_creds_keytab(context_, &credentials_, client_, keytab_, 0, nullptr, nullptr);
            code != 0) {
            return fail(explain_initial(principal, keytab, code), code);
        }
        krb5_error_code code = krb5_cc_resolve(context_, cache_name.c_str(), &cache_);
        code = code != 0 ? code : krb5_cc_initialize(context_, cache_, credentials_.client);
        code = code != 0 ? code : krb5_cc_store_cred(context_, cache_, &credentials_);
        if (code != 0) {
            return fail("the ticket cannot be kept in memory", code);
        }
        // Now rather than inside GSSAPI, where nothing could end the wait for the KDC.
        code = krb5_sname_to_principal(context_, host.c_str(), "ldap", KRB5_NT_SRV_HST, &service_);
        krb5_creds wanted{};
        wanted.client = credentials_.client;
        wanted.server = service_;
        code = code != 0 ? code : krb5_get_credentials(context_, 0, cache_, &wanted, &service_credentials_);
        if (code != 0) {
            return fail(fmt::format("there is no ticket for ldap/{}; servers must name the domain controller as its "
                                    "service principal name does",
                                    host),
                        code);
        }
        return std::chrono::sys_seconds(std::chrono::seconds(service_credentials_->times.endtime));
    }

  private:
    std::string explain_initial(const std::string& principal, const std::string& keytab, krb5_error_code code) const {
        switch (code) {
            case KRB5_KT_NOTFOUND:
                return fmt::format("the keytab {} has no key for {}", keytab, principal);
            case KRB5KDC_ERR_PREAUTH_FAILED:
            case KRB5KRB_AP_ERR_BAD_INTEGRITY:
                return fmt::format("the key of {} in {} is out of date: export the keytab again", principal, keytab);
            case KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN:
                return fmt::format("the KDC does not know {}; check bind.principal", principal);
            case KRB5KDC_ERR_CLIENT_REVOKED:
                return fmt::format("the account {} is disabled or locked out", principal);
            case KRB5KRB_AP_ERR_SKEW:
                return "the clocks of this machine and of the KDC are too far apart";
            case KRB5_KDC_UNREACH:
            case KRB5_REALM_UNKNOWN:
                return fmt::format("no KDC of {}'s realm can be reached; check krb5.conf and the DNS", principal);
            default:
                return fmt::format("no ticket for {}", principal);
        }
    }

    std::unexpected<std::string> fail(std::string_view what, krb5_error_code code) const {
        const char* text = krb5_get_error_message(context_, code);
        std::string message = fmt::format("{} ({})", what, text);
        krb5_free_error_message(context_, text);
        return std::unexpected(std::move(message));
    }

    krb5_context context_;
    krb5_principal client_ = nullptr;
    krb5_principal service_ = nullptr;
    krb5_keytab keytab_ = nullptr;
    krb5_ccache cache_ = nullptr;
    krb5_creds credentials_{};
    krb5_creds* service_credentials_ = nullptr;
};

}  // namespace

// Shared by the thread that asks and the one that waits: the latter may give up first.
struct TicketRequest {
    std::mutex lock;
    std::condition_variable_any answered;
    std::optional<std::expected<KerberosTicket, std::string>> outcome;

    void run(const std::string& principal, const std::string& keytab, const std::string& host) {
        auto result = ask(principal, keytab, host);
        const std::scoped_lock guard(lock);
        outcome = std::move(result);
        answered.notify_all();
    }

    static std::expected<KerberosTicket, std::string> ask(const std::string& principal, const std::string& keytab,
                                                          const std::string& host) {
        const Context context = make_context();
        if (context == nullptr) {
            return std::unexpected("Kerberos does not start; is krb5.conf readable and sound?");
        }
        krb5_ccache fresh = nullptr;
        if (krb5_cc_new_unique(context.get(), "MEMORY", nullptr, &fresh) != 0) {
            return std::unexpected("there is no memory for a ticket cache");
        }
        const std::shared_ptr<const std::string> name(
            new std::string(fmt::format("MEMORY:{}", krb5_cc_get_name(context.get(), fresh))), &destroy_cache);
        krb5_cc_close(context.get(), fresh);
        const auto expiry = Request(context.get()).run(principal, keytab, host, *name);
        if (!expiry) {
            return std::unexpected(expiry.error());
        }
        return KerberosTicket(name, *expiry);
    }
};

std::expected<KerberosTicket, std::string> KerberosTicket::acquire(const std::string& principal,
                                                                   const std::filesystem::path& keytab,
                                                                   const std::string& host,
                                                                   std::chrono::milliseconds limit,
                                                                   const std::stop_token& stop) {
    const auto request = std::make_shared<TicketRequest>();
    std::thread([request, principal, keytab = "FILE:" + keytab.string(), host] {
        request->run(principal, keytab, host);
    }).detach();
    std::unique_lock guard(request->lock);
    if (!request->answered.wait_for(guard, stop, limit, [&] { return request->outcome.has_value(); })) {
        return std::unexpected(stop.stop_requested() ? "asked to stop" : "the KDC did not answer in time");
    }
    return std::move(*request->outcome);
}

void KerberosTicket::use_on_this_thread() const {
    OM_uint32 minor = 0;
    gss_krb5_ccache_name(&minor, cache_name_->c_str(), nullptr);
}

}  // namespace keysyncd::ldap
