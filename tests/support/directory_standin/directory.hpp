// The stand-in's content: entries as they are written in its JSON file, found by base, scope and filter, with as much
// of Active Directory's manner as the reader depends on: <GUID=...> bases, ranges, attributes that come only when
// named.
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <vector>

#include "ber_message.hpp"

namespace standin {

struct Object {
    std::string dn;
    std::vector<Value> attributes;

    [[nodiscard]] const Value* find(const std::string& name) const;
};

/// [{"dn": ..., "attributes": {name: [text | {"hex": digits}]}}]
[[nodiscard]] std::vector<Object> objects_from(const boost::json::value& list);

class Directory {
  public:
    explicit Directory(std::vector<Object> objects) : objects_(std::move(objects)) {}

    [[nodiscard]] std::vector<const Object*> search(const Request& request) const;
    /// One attribute of one object, replaced.
    void set(const std::string& dn, const std::string& attribute, std::vector<std::string> values);

  private:
    [[nodiscard]] const Object* resolve(const std::string& base) const;
    std::vector<Object> objects_;
};

/// What of the object is returned: the attributes asked for, no more than `most_values` of each at once (0: all).
[[nodiscard]] std::vector<Value> select(const Object& object, const std::vector<std::string>& wanted,
                                        std::size_t most_values);

[[nodiscard]] bool matches(const Object& object, const Filter& filter);

}  // namespace standin
