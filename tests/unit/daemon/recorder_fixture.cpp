#include "tests/unit/daemon/recorder_fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace keysyncd::daemon::test {

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "keysyncd-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder at " + pattern);
    }
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

config::Settings settings_for(const std::filesystem::path& folder) {
    config::Settings settings;
    settings.domains.emplace_back();
    settings.domains.back().name = domain_name;
    settings.entra.emplace();
    settings.ledger.path = folder / "ledger.db";
    return settings;
}

ldap::Guid guid(std::uint8_t number) {
    ldap::Guid value;
    value.bytes.fill(std::byte{number});
    return value;
}

ldap::Sid domain_sid() {
    return ldap::Sid::parse("S-1-5-21-1-2-3").value();
}

RecorderFixture::RecorderFixture() {
    open();
}

void RecorderFixture::open() {
    ledger = std::make_unique<Ledger>(settings.ledger.path, [](const std::string&, const std::string& reason) {
        throw std::runtime_error("the ledger was thought damaged: " + reason);
    });
    domain = ledger->add_domain(domain_name, now - Ticks{settings.entra->lookback});
    desk = std::make_unique<LedgerDesk>(*ledger, settings);
}

void RecorderFixture::restart() {
    desk.reset();
    ledger.reset();
    open();
}

ldap::DirectoryKey RecorderFixture::key(std::uint8_t number, Instant created_at, ldap::KeySource source,
                                        ldap::KeyUsage usage) {
    ldap::DirectoryKey made;
    made.key_id.assign(32, std::byte{number});
    made.usage = usage;
    made.source = source;
    made.created_at = created_at;
    made.value_hash = number;
    return made;
}

ldap::DirectoryUser RecorderFixture::user(std::uint8_t number, std::vector<ldap::DirectoryKey> keys) const {
    ldap::DirectoryUser made;
    made.object_guid = guid(number);
    made.object_sid = ldap::Sid::parse("S-1-5-21-1-2-3-" + std::to_string(1000 + number)).value();
    made.dn = "CN=user" + std::to_string(number) + ",DC=corp,DC=example,DC=com";
    made.user_principal_name = "user" + std::to_string(number) + "@corp.example.com";
    made.when_changed = std::chrono::floor<std::chrono::seconds>(now);
    made.keys = std::move(keys);
    return made;
}

void RecorderFixture::pass(ldap::PassKind kind, const std::vector<ldap::DirectoryUser>& users) {
    const ldap::PassStart begun{.kind = kind,
                                .server = "ldaps://dc1",
                                .reason = "",
                                .started = now,
                                .clock_offset = {},
                                .read_up_to = read_up_to};
    desk->directory.begin_pass(domain, begun);
    desk->directory.record(domain, users, now);
    ldap::PassEnd end;
    end.start = begun;
    end.cursor = {"ldaps://dc1", guid(255), 1, {}};
    end.domain_sid = domain_sid();
    desk->directory.finish_pass(domain, end, now);
    desk->directory.after_first_sweeps();
}

entra::RegistrationEvent RecorderFixture::added(const std::string& event_id, std::uint8_t number, Instant at,
                                                entra::KeyKind kind) {
    return {event_id, entra::EventKind::registered, kind, at, "entra-" + std::to_string(number), ""};
}

entra::RegistrationEvent RecorderFixture::deleted(const std::string& event_id, std::uint8_t number, Instant at,
                                                  entra::KeyKind kind) {
    return {event_id, entra::EventKind::deleted, kind, at, "entra-" + std::to_string(number), ""};
}

entra::EntraUser RecorderFixture::entra_user(std::uint8_t number) {
    entra::EntraUser made;
    made.id = "entra-" + std::to_string(number);
    made.user_principal_name = "user" + std::to_string(number) + "@corp.example.com";
    made.on_premises_sync_enabled = true;
    made.on_premises_security_identifier = "S-1-5-21-1-2-3-" + std::to_string(1000 + number);
    made.on_premises_domain_name = domain_name;
    return made;
}

void RecorderFixture::audit(const std::vector<entra::RegistrationEvent>& events) {
    desk->registrations.record_events(events, now);
    for (const std::string& asked : desk->registrations.users_to_read(now)) {
        const int number = std::stoi(asked.substr(asked.find_first_of("0123456789")));
        desk->registrations.record_user(asked, entra_user(static_cast<std::uint8_t>(number)), now);
    }
    desk->tenant.record_audit_read(now);
    desk->housekeeping.tidy(now);
}

metrics::DomainFigures RecorderFixture::figures() {
    return build_snapshot(*ledger, settings, 0, now)->domains.front();
}

std::uint64_t RecorderFixture::keys_in(metrics::State state, metrics::Usage usage) {
    const metrics::DomainFigures all = figures();
    if (state != metrics::State::pending) {
        return all.usage[static_cast<std::size_t>(usage)].keys[static_cast<std::size_t>(state)];
    }
    return static_cast<std::uint64_t>(
        std::ranges::count_if(all.waiting, [&](const metrics::Waiting& waiting) { return waiting.usage == usage; }));
}

}  // namespace keysyncd::daemon::test
