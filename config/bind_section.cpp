#include "config/bind_section.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "config/escape.hpp"

namespace keysyncd::config {

namespace {

using Words = std::array<std::pair<std::string_view, BindMethod>, 3>;
constexpr Words methods{
    {{"simple", BindMethod::simple}, {"gssapi", BindMethod::gssapi}, {"external", BindMethod::external}}};

/// user@REALM or service/host@REALM
bool is_principal(std::string_view text) {
    const std::size_t at = text.rfind('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.find(' ') == std::string_view::npos;
}

}  // namespace

BindSettings read_bind(Section& domain) {
    BindSettings bind;
    domain.require("bind", "bind: {method: simple, dn: ..., password_file: ...}, or method gssapi or external");
    auto section = domain.section("bind");
    if (!section) {
        return bind;
    }
    const auto method = section->choice<BindMethod>("method", methods);
    bind.method = method.value_or(BindMethod::simple);
    const auto dn = section->text("dn");
    bind.dn = dn ? dn->value : "";
    bind.password_file = section->path("password_file", FileKind::secret).value_or(Path());
    bind.keytab = section->path("keytab", FileKind::secret).value_or(Path());
    const auto principal = section->text("principal");
    bind.principal = principal ? principal->value : "";
    if (principal && !is_principal(bind.principal)) {
        section->error("principal",
                       fmt::format("expected a Kerberos principal such as keysyncd@CORP.EXAMPLE.COM, found {}",
                                   in_quotes(bind.principal)));
    }
    const bool unknown_method = section->has("method") && !method;  // told already; what belongs to it can't be judged
    if (!unknown_method) {
        const bool simple = bind.method == BindMethod::simple;
        const bool gssapi = bind.method == BindMethod::gssapi;
        const std::string_view name = simple ? "simple" : gssapi ? "gssapi" : "external";
        if (simple) {
            section->require("dn", "the account: a DN, a UPN or DOMAIN\\user");
            section->require("password_file", "the file that holds the account's password");
        } else {
            section->forbid("dn", fmt::format("it is for method simple, and this is {}", name));
            section->forbid("password_file", fmt::format("it is for method simple, and this is {}", name));
        }
        if (gssapi) {
            section->require("keytab", "the file that holds the account's Kerberos keys");
            section->require("principal", "the account, such as keysyncd@CORP.EXAMPLE.COM");
        } else {
            section->forbid("keytab", fmt::format("it is for method gssapi, and this is {}", name));
            section->forbid("principal", fmt::format("it is for method gssapi, and this is {}", name));
        }
    }
    section->finish();
    return bind;
}

}  // namespace keysyncd::config
