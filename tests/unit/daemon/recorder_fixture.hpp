// A ledger in a throw-away folder with a clock that only the test moves, and makers of what both sides report.
#pragma once

#include <filesystem>
#include <string>

#include "daemon/ledger/ledger.hpp"
#include "daemon/record/ledger_desk.hpp"
#include "daemon/view/snapshot_builder.hpp"

namespace keysyncd::daemon::test {

class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline constexpr Instant start = Instant{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
inline constexpr const char* domain_name = "corp.example.com";

[[nodiscard]] config::Settings settings_for(const std::filesystem::path& folder);
[[nodiscard]] ldap::Guid guid(std::uint8_t number);
[[nodiscard]] ldap::Sid domain_sid();

class RecorderFixture {
  public:
    RecorderFixture();

    /// As after a restart: what was not committed is gone.
    void restart();

    [[nodiscard]] static ldap::DirectoryKey key(std::uint8_t number, Instant created_at,
                                                ldap::KeySource source = ldap::KeySource::azure_ad,
                                                ldap::KeyUsage usage = ldap::KeyUsage::ngc);
    /// User `number` with RID 1000 + number, changed now.
    [[nodiscard]] ldap::DirectoryUser user(std::uint8_t number, std::vector<ldap::DirectoryKey> keys) const;
    /// One pass that ends well.
    void pass(ldap::PassKind kind, const std::vector<ldap::DirectoryUser>& users);
    void sweep(const std::vector<ldap::DirectoryUser>& users) { pass(ldap::PassKind::full_sweep, users); }
    void window(const std::vector<ldap::DirectoryUser>& users) { pass(ldap::PassKind::window, users); }

    [[nodiscard]] static entra::RegistrationEvent added(const std::string& event_id, std::uint8_t user, Instant at,
                                                        entra::KeyKind kind = entra::KeyKind::ngc);
    [[nodiscard]] static entra::RegistrationEvent deleted(const std::string& event_id, std::uint8_t user, Instant at,
                                                          entra::KeyKind kind = entra::KeyKind::ngc);
    [[nodiscard]] static entra::EntraUser entra_user(std::uint8_t number);
    /// The events, then every user that is asked for, as EntraMonitor does.
    void audit(const std::vector<entra::RegistrationEvent>& events);

    [[nodiscard]] metrics::DomainFigures figures();
    [[nodiscard]] std::uint64_t keys_in(metrics::State state, metrics::Usage usage = metrics::Usage::ngc);
    [[nodiscard]] metrics::UsageFigures ngc() { return figures().usage[0]; }

    Instant now = start;
    std::uint64_t read_up_to = 0;  ///< uSNChanged that was read before the next pass
    TemporaryFolder folder;
    config::Settings settings = settings_for(folder.path());
    std::unique_ptr<Ledger> ledger;
    std::unique_ptr<LedgerDesk> desk;
    DomainId domain = 0;

  private:
    void open();
};

}  // namespace keysyncd::daemon::test
