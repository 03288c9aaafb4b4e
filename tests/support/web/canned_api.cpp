#include "canned_api.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <stdexcept>

#include "ldap/key_findings.hpp"

namespace keysyncd::tests {
namespace {

using namespace std::chrono_literals;
using daemon::KeyView;
using ldap::Instant;
using metrics::Cause;
using metrics::State;

const std::vector<std::string>& hostile_names() {
    static const std::vector<std::string> names{
        "<img src=x onerror=document.title='owned'>@corp.example.com",
        "\xE2\x80\xAEmoc.elpmaxe@live\xE2\x80\xAC evil",
        std::string(10'000, 'W') + "@corp.example.com",
        "broken-\xff\xfe-utf8\x01@corp.example.com",
    };
    return names;
}

KeyView key_of(std::string domain, std::string upn, std::size_t number) {
    KeyView key;
    key.user = {.domain = std::move(domain),
                .dn = fmt::format("CN=User {},OU=Staff,DC=corp,DC=example,DC=com", number),
                .user_principal_name = std::move(upn),
                .sam_account_name = fmt::format("user{}", number),
                .object_guid = fmt::format("00000000-0000-0000-0000-{:012}", number),
                .object_sid = fmt::format("S-1-5-21-1-2-3-{}", 1000 + number),
                .entra_id = fmt::format("11111111-0000-0000-0000-{:012}", number)};
    key.usage = "NGC";
    key.source = "AzureAD";
    return key;
}

KeyView waiting(std::string domain, std::string upn, std::size_t number, Instant registered,
                std::optional<Cause> cause) {
    KeyView key = key_of(std::move(domain), std::move(upn), number);
    key.registered_at = registered;
    key.state = cause ? State::overdue : State::pending;
    key.cause = cause;
    key.missed_cycles = cause ? 3 : 0;
    return key;
}

KeyView written(std::size_t number, Instant now) {
    KeyView key = key_of("corp.example.com", fmt::format("user{}@corp.example.com", number), number);
    key.key_id = fmt::format("{:064x}", number);
    key.device_id = fmt::format("22222222-0000-0000-0000-{:012}", number);
    key.state = number % 50 == 0 ? State::unmatched : State::synced;
    key.findings = number % 50 == 0 ? ldap::bit(ldap::KeyFinding::unmatched) | ldap::bit(ldap::KeyFinding::roca) : 0;
    key.registered_at = now - std::chrono::minutes(60 + number);
    key.written_earliest = key.written_latest = *key.registered_at + 17min;
    key.delay = 17min;
    key.precision = metrics::Precision::exact;
    return key;
}

std::vector<KeyView> all_keys(Instant now) {
    std::vector<KeyView> keys;
    std::size_t number = 0;
    for (const char* domain : {"corp.example.com", "lab.example.com"}) {
        const std::pair<std::chrono::seconds, std::optional<Cause>> each[] = {{5min, std::nullopt},
                                                                              {20min, std::nullopt},
                                                                              {2h, Cause::protected_account},
                                                                              {26h, Cause::not_in_directory}};
        for (const auto& [age, cause] : each) {
            const bool corp = number < hostile_names().size();
            keys.push_back(waiting(domain, corp ? hostile_names()[number] : fmt::format("user{}@{}", number, domain),
                                   number, now - age, cause));
            ++number;
        }
    }
    while (number < 250) {
        keys.push_back(written(number++, now));
    }
    return keys;
}

daemon::KeyPage page_of(const std::vector<KeyView>& keys, const daemon::KeyFilter& filter, std::size_t from) {
    daemon::KeyPage page;
    for (std::size_t i = from; i < keys.size(); ++i) {
        const KeyView& key = keys[i];
        if ((filter.state && key.state != *filter.state) ||
            (!filter.domain.empty() && key.user.domain != filter.domain)) {
            continue;
        }
        if (page.keys.size() == filter.limit) {
            page.next_cursor = fmt::format("{}", i);
            break;
        }
        page.keys.push_back(key);
    }
    return page;
}

daemon::UserView user_of(const KeyView& key, Instant now) {
    daemon::UserView user;
    user.user = key.user;
    user.protected_account = key.cause == Cause::protected_account;
    user.keys = {key};
    if (key.state == State::pending || key.state == State::overdue) {
        user.next_write = daemon::NextWrite{.at = now + 26min, .uncertainty = 90s, .observed = true};
    }
    daemon::settle_next_write(user);
    return user;
}

std::vector<daemon::CycleView> cycles(Instant now) {
    daemon::CycleView corp;
    corp.domain = "corp.example.com";
    corp.configured = 1800s;
    for (int i = 47; i >= 0; --i) {
        const Instant at = now - 4min - i * 30min;
        corp.bursts.push_back({at, at + 8s, static_cast<std::uint64_t>(3 + (i * 7) % 11)});
    }
    corp.observed = daemon::ObservedCycle{.period = 1801s, .uncertainty = 12s, .last = now - 4min};
    corp.next = now + 26min;
    daemon::CycleView lab;
    lab.domain = "lab.example.com";
    lab.configured = 1800s;
    return {corp, lab};
}

}  // namespace

daemon::ApiSource canned_api(Instant now, bool hashed) {
    const auto keys = std::make_shared<const std::vector<KeyView>>(all_keys(now));
    return {
        .keys = [keys](const daemon::KeyFilter& filter) -> std::optional<daemon::KeyPage> {
            std::size_t from = 0;
            const char* end = filter.cursor.data() + filter.cursor.size();
            const auto parsed = std::from_chars(filter.cursor.data(), end, from);
            if (!filter.cursor.empty() && (parsed.ec != std::errc{} || parsed.ptr != end)) {
                return std::nullopt;
            }
            return page_of(*keys, filter, from);
        },
        .users = [keys, now](std::string_view name) -> std::vector<daemon::UserView> {
            if (name == "break") {
                throw std::runtime_error("a defect in the ledger");
            }
            std::vector<daemon::UserView> found;
            for (const KeyView& key : *keys) {
                const auto& user = key.user;
                if (name == user.user_principal_name || name == user.sam_account_name || name == user.dn) {
                    found.push_back(user_of(key, now));
                }
            }
            return found;
        },
        .cycles = [now] { return cycles(now); },
        .hashes_names = [hashed] { return hashed; },
    };
}

}  // namespace keysyncd::tests
