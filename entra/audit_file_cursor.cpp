#include "entra/audit_file_cursor.hpp"

#include <boost/json.hpp>

#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

std::uint64_t number(const boost::json::object& object, std::string_view name, bool& good) {
    const boost::json::value* value = object.if_contains(name);
    if (value != nullptr && value->is_int64() && value->get_int64() >= 0) {
        return static_cast<std::uint64_t>(value->get_int64());
    }
    if (value != nullptr && value->is_uint64()) {
        return value->get_uint64();
    }
    good = false;
    return 0;
}

std::optional<AuditFileMark> parse_mark(const boost::json::value& value) {
    const boost::json::object* object = value.if_object();
    if (object == nullptr) {
        return std::nullopt;
    }
    bool good = true;
    AuditFileMark mark;
    mark.device = number(*object, "device", good);
    mark.inode = number(*object, "inode", good);
    mark.path = string_member(*object, "path");
    mark.read_to.offset = number(*object, "offset", good);
    mark.read_to.line = number(*object, "line", good);
    mark.read_to.in_list = bool_member(*object, "in_list").value_or(false);
    const std::uint64_t around = number(*object, "around", good);
    mark.read_to.around = static_cast<Around>(around);
    mark.head_bytes = number(*object, "head_bytes", good);
    mark.head_hash = number(*object, "head_hash", good);
    mark.whole = bool_member(*object, "whole").value_or(false);
    mark.size = number(*object, "size", good);
    mark.changed = static_cast<std::int64_t>(number(*object, "changed", good));
    return good && around <= 2 ? std::optional{mark} : std::nullopt;
}

}  // namespace

std::string serialize(const AuditFileCursor& cursor) {
    boost::json::array files;
    for (const AuditFileMark& mark : cursor.files) {
        files.push_back({{"device", mark.device},
                         {"inode", mark.inode},
                         {"path", mark.path},
                         {"offset", mark.read_to.offset},
                         {"line", mark.read_to.line},
                         {"in_list", mark.read_to.in_list},
                         {"around", static_cast<std::uint64_t>(mark.read_to.around)},
                         {"head_bytes", mark.head_bytes},
                         {"head_hash", mark.head_hash},
                         {"whole", mark.whole},
                         {"size", mark.size},
                         {"changed", mark.changed}});
    }
    return boost::json::serialize(files);
}

std::optional<AuditFileCursor> parse_audit_file_cursor(std::string_view text) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(text, failed);
    const boost::json::array* files = failed ? nullptr : document.if_array();
    if (files == nullptr) {
        return std::nullopt;
    }
    AuditFileCursor cursor;
    for (const boost::json::value& value : *files) {
        auto mark = parse_mark(value);
        if (!mark) {
            return std::nullopt;
        }
        cursor.files.push_back(std::move(*mark));
    }
    return cursor;
}

}  // namespace keysyncd::entra
