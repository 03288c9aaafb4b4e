#include "daemon/ledger/guid_index.hpp"

#include <boost/container_hash/hash.hpp>
#include <cstring>

namespace keysyncd::daemon {

std::optional<UserId> GuidIndex::find(const ldap::Guid& guid) {
    read();
    const auto found = users_.find(guid);
    return found == users_.end() ? std::nullopt : std::optional{found->second};
}

void GuidIndex::insert(const ldap::Guid& guid, UserId user) {
    read();
    users_.emplace(guid, user);
}

std::size_t GuidIndex::Hash::operator()(const ldap::Guid& guid) const noexcept {
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), guid.bytes.data(), sizeof halves);
    std::size_t hash = 0;
    boost::hash_combine(hash, halves[0]);
    boost::hash_combine(hash, halves[1]);
    return hash;
}

void GuidIndex::read() {
    if (read_) {
        return;
    }
    users_.clear();
    Statement rows = database_->prepare("SELECT guid, id FROM users");
    while (rows.step()) {
        if (const auto guid = ldap::Guid::from_bytes(rows.blob(0))) {
            users_.emplace(*guid, rows.integer(1));
        }
    }
    read_ = true;
}

}  // namespace keysyncd::daemon
