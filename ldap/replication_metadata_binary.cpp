#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ldap/little_endian.hpp"
#include "ldap/replication_metadata.hpp"
#include "ldap/utf16.hpp"
#include "ldap/windows_time.hpp"

namespace keysyncd::ldap {
namespace {

// Fields before the first USN are where the specification puts them, in either layout.
constexpr std::size_t attribute_name_at = 0;
constexpr std::size_t object_dn_at = 4;
constexpr std::size_t value_bytes_at = 8;
constexpr std::size_t value_at = 12;
constexpr std::size_t deleted_at = 16;
constexpr std::size_t created_at = 24;
constexpr std::size_t version_at = 32;
constexpr std::size_t last_change_at = 36;
constexpr std::size_t invocation_id_at = 44;

struct Layout {
    std::size_t first_usn;
    std::size_t header_bytes;
};
constexpr Layout packed{.first_usn = 60, .header_bytes = 80};
constexpr Layout aligned{.first_usn = 64, .header_bytes = 84};

std::unexpected<MetadataFailure> fail(MetadataError error, std::size_t offset, std::string detail) {
    return std::unexpected(MetadataFailure{.error = error, .offset = offset, .detail = std::move(detail)});
}

class Row {
  public:
    explicit Row(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}

    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] std::uint32_t u32(std::size_t at) const noexcept { return load_le32(bytes_.subspan(at)); }
    [[nodiscard]] std::uint64_t u64(std::size_t at) const noexcept { return load_le64(bytes_.subspan(at)); }
    [[nodiscard]] std::span<const std::byte> from(std::size_t at) const noexcept { return bytes_.subspan(at); }
    [[nodiscard]] std::optional<Instant> time(std::size_t at) const noexcept {
        const std::uint64_t raw = u64(at);
        return raw == 0 ? std::nullopt : from_filetime(raw);
    }

  private:
    std::span<const std::byte> bytes_;
};

/// The variable part begins right behind the header, so the smallest offset tells which header it is.
std::optional<Layout> find_layout(const Row& row) noexcept {
    std::size_t smallest = row.size();
    for (const std::size_t field : {attribute_name_at, object_dn_at, value_at}) {
        if (const std::uint32_t offset = row.u32(field); offset != 0) {
            smallest = std::min<std::size_t>(smallest, offset);
        }
    }
    const Layout layout = smallest < aligned.header_bytes ? packed : aligned;
    return smallest < packed.header_bytes || row.size() < layout.header_bytes ? std::nullopt : std::optional{layout};
}

std::expected<std::string, MetadataFailure> read_text(const Row& row, std::size_t field, std::size_t header_bytes) {
    const std::size_t offset = row.u32(field);
    if (offset == 0) {
        return std::string{};
    }
    if (offset < header_bytes || offset >= row.size()) {
        return fail(MetadataError::bad_offset, field,
                    fmt::format("expected an offset from {} to {}, found {}", header_bytes, row.size(), offset));
    }
    return from_utf16le(row.from(offset));
}

std::expected<std::optional<std::vector<std::byte>>, MetadataFailure> read_value(const Row& row,
                                                                                 std::size_t header_bytes) {
    const std::size_t bytes = row.u32(value_bytes_at);
    const std::size_t offset = row.u32(value_at);
    if (offset == 0) {
        return std::optional<std::vector<std::byte>>{};
    }
    if (offset < header_bytes || offset > row.size() || bytes > row.size() - offset) {
        return fail(MetadataError::bad_offset, value_at,
                    fmt::format("a value of {} bytes at {} does not lie between {} and {}", bytes, offset, header_bytes,
                                row.size()));
    }
    const auto value = row.from(offset).first(bytes);
    return std::optional{std::vector<std::byte>{value.begin(), value.end()}};
}

}  // namespace

std::string_view to_string(MetadataError error) noexcept {
    switch (error) {
        case MetadataError::too_short:
            return "too_short";
        case MetadataError::bad_offset:
            return "bad_offset";
        case MetadataError::not_xml:
            return "not_xml";
        case MetadataError::bad_field:
            return "bad_field";
        case MetadataError::missing_field:
            return "missing_field";
    }
    return "unknown";
}

std::expected<ValueMetadata, MetadataFailure> parse_metadata_binary(std::span<const std::byte> bytes) {
    const Row row{bytes};
    if (row.size() < packed.header_bytes) {
        return fail(MetadataError::too_short, 0,
                    fmt::format("expected at least {} bytes, found {}", packed.header_bytes, row.size()));
    }
    const auto layout = find_layout(row);
    if (!layout) {
        return fail(MetadataError::bad_offset, 0, "an offset leads into the row's own header");
    }
    const std::size_t dsa_dn_at = layout->header_bytes - sizeof(std::uint32_t);
    auto attribute = read_text(row, attribute_name_at, layout->header_bytes);
    auto object_dn = read_text(row, object_dn_at, layout->header_bytes);
    auto dsa_dn = read_text(row, dsa_dn_at, layout->header_bytes);
    for (const auto* text : {&attribute, &object_dn, &dsa_dn}) {
        if (!*text) {
            return std::unexpected(text->error());
        }
    }
    auto value = read_value(row, layout->header_bytes);
    if (!value) {
        return std::unexpected(value.error());
    }
    return ValueMetadata{.attribute = *std::move(attribute),
                         .object_dn = *std::move(object_dn),
                         .value_bytes = row.u32(value_bytes_at),
                         .value = *std::move(value),
                         .deleted_at = row.time(deleted_at),
                         .created_at = row.time(created_at),
                         .version = row.u32(version_at),
                         .last_change_at = row.time(last_change_at),
                         .originating_invocation_id = *Guid::from_bytes(row.from(invocation_id_at).first(16)),
                         .originating_usn = row.u64(layout->first_usn),
                         .local_usn = row.u64(layout->first_usn + 8),
                         .originating_dsa_dn = *std::move(dsa_dn)};
}

}  // namespace keysyncd::ldap
