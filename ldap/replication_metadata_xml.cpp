#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "ldap/hex.hpp"
#include "ldap/replication_metadata.hpp"
#include "ldap/windows_time.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::string_view root = "DS_REPL_VALUE_META_DATA";
constexpr std::string_view xml_space = " \t\r\n";

struct Element {
    std::string_view name;
    std::string_view content;
    std::size_t offset = 0;  ///< of the content, in the row
};

std::string_view trim(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(xml_space);
    return begin == std::string_view::npos ? std::string_view{}
                                           : text.substr(begin, text.find_last_not_of(xml_space) - begin + 1);
}

/// Goes over the children of the root one after the other. An element ends at the last end tag of its name: a DN with
/// unescaped markup in it can neither end its element early nor pass off what it contains as further fields.
class ElementCursor {
  public:
    explicit ElementCursor(std::string_view row) noexcept : row_{row} {}

    [[nodiscard]] bool enter_root() {
        const std::size_t at = row_.find("<" + std::string{root} + ">");
        at_ = at == std::string_view::npos ? row_.size() : at + root.size() + 2;
        return at != std::string_view::npos;
    }

    [[nodiscard]] std::optional<Element> next() {
        while (true) {
            const std::size_t open = row_.find('<', at_);
            const std::size_t close = open == std::string_view::npos ? open : row_.find('>', open);
            if (close == std::string_view::npos || row_[open + 1] == '/') {
                return std::nullopt;
            }
            std::string_view name = row_.substr(open + 1, close - open - 1);
            at_ = close + 1;
            if (name.ends_with('/')) {
                name.remove_suffix(1);
                return Element{.name = trim(name), .content = {}, .offset = at_};
            }
            const std::size_t end = row_.rfind("</" + std::string{name} + ">");
            if (end == std::string_view::npos || end < at_) {
                continue;  // no element: markup that belongs to nothing
            }
            const Element element{.name = name, .content = row_.substr(at_, end - at_), .offset = at_};
            at_ = end + name.size() + 3;
            return element;
        }
    }

  private:
    std::string_view row_;
    std::size_t at_ = 0;
};

void append_entity(std::string& text, std::string_view entity) {
    struct Named {
        std::string_view name;
        char character;
    };
    for (const auto& [name, character] :
         {Named{"amp", '&'}, Named{"lt", '<'}, Named{"gt", '>'}, Named{"quot", '"'}, Named{"apos", '\''}}) {
        if (entity == name) {
            text += character;
            return;
        }
    }
    text += fmt::format("&{};", entity);  // as it came: the writer did not escape its ampersands
}

std::string unescape(std::string_view text) {
    constexpr std::size_t longest_entity = 4;
    std::string plain;
    while (!text.empty()) {
        const std::size_t semicolon =
            text.front() == '&' ? text.substr(0, longest_entity + 2).find(';') : std::string_view::npos;
        if (semicolon == std::string_view::npos) {
            plain += text.front();
            text.remove_prefix(1);
        } else {
            append_entity(plain, text.substr(1, semicolon - 1));
            text.remove_prefix(semicolon + 1);
        }
    }
    return plain;
}

std::optional<std::vector<std::byte>> decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::vector<std::byte> bytes(text.size() / 4 * 3);
    const int decoded =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (decoded < 0) {
        return std::nullopt;
    }
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    bytes.resize(static_cast<std::size_t>(decoded) - padding);
    return bytes;
}

/// How a domain controller writes pbData in XML is not documented: hexadecimal or base64, whichever gives as many bytes
/// as cbData says; otherwise the row has no value to be joined by.
std::optional<std::vector<std::byte>> read_value(std::string_view text, std::size_t value_bytes) {
    constexpr std::size_t largest = std::size_t{1} << 20U;
    if (value_bytes == 0 || value_bytes > largest) {
        return std::nullopt;
    }
    std::string packed;
    std::ranges::copy_if(text, std::back_inserter(packed), [](char c) { return !xml_space.contains(c); });
    if (packed.size() == 2 * value_bytes) {
        std::vector<std::byte> bytes(value_bytes);
        if (decode_hex(packed, bytes)) {
            return bytes;
        }
    }
    auto bytes = decode_base64(packed);
    return bytes && bytes->size() == value_bytes ? std::move(bytes) : std::nullopt;
}

template <typename Number>
bool read_number(std::string_view text, Number& number) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

/// 1601-01-01, FILETIME 0, says "never".
bool read_time(std::string_view text, std::optional<Instant>& at) noexcept {
    const auto time = parse_xml_time(text);
    if (time && *time != std::chrono::sys_days{std::chrono::year{1601} / 1 / 1}) {
        at = *time;
    }
    return time.has_value();
}

bool read_guid(std::string_view text, Guid& guid) noexcept {
    const auto parsed = Guid::parse(text);
    guid = parsed.value_or(Guid{});
    return parsed.has_value();
}

/// False when the element is one of ours and does not read.
bool read_field(ValueMetadata& row, std::string_view name, std::string_view content, std::string_view& value_text) {
    const std::string_view text = trim(content);
    if (name == "pszAttributeName") {
        row.attribute = unescape(text);
    } else if (name == "pszObjectDn") {
        row.object_dn = unescape(text);
    } else if (name == "cbData") {
        return read_number(text, row.value_bytes);
    } else if (name == "pbData") {
        value_text = text;
    } else if (name == "ftimeDeleted") {
        return read_time(text, row.deleted_at);
    } else if (name == "ftimeCreated") {
        return read_time(text, row.created_at);
    } else if (name == "dwVersion") {
        return read_number(text, row.version);
    } else if (name == "ftimeLastOriginatingChange") {
        return read_time(text, row.last_change_at);
    } else if (name == "uuidLastOriginatingDsaInvocationID") {
        return read_guid(text, row.originating_invocation_id);
    } else if (name == "usnOriginatingChange") {
        return read_number(text, row.originating_usn);
    } else if (name == "usnLocalChange") {
        return read_number(text, row.local_usn);
    } else if (name == "pszLastOriginatingDsaDN") {
        row.originating_dsa_dn = unescape(text);
    }
    return true;
}

}  // namespace

std::expected<ValueMetadata, MetadataFailure> parse_metadata_xml(std::string_view text) {
    ElementCursor cursor{text};
    if (!cursor.enter_root()) {
        return std::unexpected(MetadataFailure{
            .error = MetadataError::not_xml, .offset = 0, .detail = fmt::format("expected an element {}", root)});
    }
    ValueMetadata row;
    std::string_view value_text;
    while (const auto element = cursor.next()) {
        if (!read_field(row, element->name, element->content, value_text)) {
            return std::unexpected(MetadataFailure{.error = MetadataError::bad_field,
                                                   .offset = element->offset,
                                                   .detail = fmt::format("{} does not read", element->name)});
        }
    }
    if (row.attribute.empty() || !row.last_change_at || row.version == 0) {
        return std::unexpected(
            MetadataFailure{.error = MetadataError::missing_field,
                            .offset = text.size(),
                            .detail = "expected pszAttributeName, dwVersion and ftimeLastOriginatingChange"});
    }
    row.value = read_value(value_text, row.value_bytes);
    return row;
}

}  // namespace keysyncd::ldap
