#include "ldap/security_descriptor.hpp"

#include <fmt/format.h>

#include "ldap/little_endian.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::uint16_t dacl_present = 0x0004;
constexpr std::uint16_t dacl_protected = 0x1000;
constexpr std::size_t descriptor_header = 20;
constexpr std::size_t acl_header = 8;
constexpr std::size_t ace_header = 4;
constexpr std::uint8_t inherit_only_flag = 0x08;
constexpr std::uint32_t object_type_present = 0x1;
constexpr std::uint32_t inherited_object_type_present = 0x2;

struct AceKind {
    bool counts = false;
    bool allows = false;
    bool is_object = false;
};

AceKind kind_of(std::uint8_t type) noexcept {
    switch (type) {
        case 0x00:  // ACCESS_ALLOWED
            return {.counts = true, .allows = true};
        case 0x01:  // ACCESS_DENIED
        case 0x0A:  // ACCESS_DENIED_CALLBACK
            return {.counts = true};
        case 0x05:  // ACCESS_ALLOWED_OBJECT
            return {.counts = true, .allows = true, .is_object = true};
        case 0x06:  // ACCESS_DENIED_OBJECT
        case 0x0C:  // ACCESS_DENIED_CALLBACK_OBJECT
            return {.counts = true, .is_object = true};
        default:
            return {};
    }
}

std::optional<AccessControlEntry> parse_ace(std::span<const std::byte> ace, AceKind kind) {
    AccessControlEntry entry{.allows = kind.allows, .object_type = {}, .trustee = {}};
    entry.inherit_only = (std::to_integer<std::uint8_t>(ace[1]) & inherit_only_flag) != 0;
    std::size_t at = ace_header;
    if (ace.size() < at + 4) {
        return std::nullopt;
    }
    entry.mask = load_le32(ace.subspan(at));
    at += 4;
    if (kind.is_object) {
        if (ace.size() < at + 4) {
            return std::nullopt;
        }
        const auto flags = load_le32(ace.subspan(at));
        at += 4;
        if ((flags & object_type_present) != 0) {
            if (ace.size() < at + 16) {
                return std::nullopt;
            }
            entry.object_type = Guid::from_bytes(ace.subspan(at, 16));
            at += 16;
        }
        if ((flags & inherited_object_type_present) != 0) {
            at += 16;
        }
    }
    // A SID is 8 bytes and 4 for each sub-authority; conditions may follow it.
    if (ace.size() < at + 8) {
        return std::nullopt;
    }
    const std::size_t sid_size = 8 + 4 * std::to_integer<std::size_t>(ace[at + 1]);
    if (ace.size() < at + sid_size) {
        return std::nullopt;
    }
    auto sid = Sid::from_bytes(ace.subspan(at, sid_size));
    if (!sid) {
        return std::nullopt;
    }
    entry.trustee = std::move(*sid);
    return entry;
}

}  // namespace

std::expected<Dacl, std::string> parse_dacl(std::span<const std::byte> descriptor) {
    if (descriptor.size() < descriptor_header || std::to_integer<int>(descriptor[0]) != 1) {
        return std::unexpected("no security descriptor of revision 1");
    }
    const auto offset = load_le32(descriptor.subspan(16));
    if ((load_le16(descriptor.subspan(2)) & dacl_present) == 0 || offset == 0) {
        return Dacl{};
    }
    if (offset > descriptor.size() || descriptor.size() - offset < acl_header) {
        return std::unexpected(fmt::format("the ACL at offset {} lies beyond the end", offset));
    }
    const auto size = load_le16(descriptor.subspan(offset + 2));
    const auto count = load_le16(descriptor.subspan(offset + 4));
    if (size < acl_header || size > descriptor.size() - offset) {
        return std::unexpected(fmt::format("the ACL's size {} does not fit", size));
    }
    auto rest = descriptor.subspan(offset + acl_header, size - acl_header);
    std::vector<AccessControlEntry> entries;
    for (std::uint16_t i = 0; i < count; ++i) {
        if (rest.size() < ace_header) {
            return std::unexpected(fmt::format("access control entry {} of {} is missing", i + 1, count));
        }
        const auto ace_size = load_le16(rest.subspan(2));
        if (ace_size < ace_header || ace_size > rest.size()) {
            return std::unexpected(fmt::format("the size {} of access control entry {} does not fit", ace_size, i + 1));
        }
        const auto kind = kind_of(std::to_integer<std::uint8_t>(rest[0]));
        if (kind.counts) {
            auto entry = parse_ace(rest.first(ace_size), kind);
            if (!entry) {
                return std::unexpected(fmt::format("access control entry {} is cut short", i + 1));
            }
            entries.push_back(std::move(*entry));
        }
        rest = rest.subspan(ace_size);
    }
    return Dacl(std::move(entries));
}

bool inherits_nothing(std::span<const std::byte> descriptor) noexcept {
    return descriptor.size() >= descriptor_header && (load_le16(descriptor.subspan(2)) & dacl_protected) != 0;
}

}  // namespace keysyncd::ldap
