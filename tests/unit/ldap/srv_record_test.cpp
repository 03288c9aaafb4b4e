#include "ldap/srv_record.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace keysyncd::ldap;

namespace {

std::vector<std::string> targets(const std::vector<SrvRecord>& records) {
    std::vector<std::string> names;
    for (const auto& record : records) {
        names.push_back(record.target);
    }
    return names;
}

const Draw least = [](std::uint32_t) { return 0U; };
const Draw most = [](std::uint32_t total) { return total; };

}  // namespace

TEST_CASE("the names of a domain's controllers, its site's first") {
    CHECK(srv_names("corp.example", "") == std::vector<std::string>{"_ldap._tcp.dc._msdcs.corp.example"});
    CHECK(srv_names("corp.example", "Berlin") ==
          std::vector<std::string>{"_ldap._tcp.Berlin._sites.dc._msdcs.corp.example",
                                   "_ldap._tcp.dc._msdcs.corp.example"});
}

TEST_CASE("a lower priority comes first, whatever the weights") {
    const auto ordered = in_order({{"far", 389, 10, 900}, {"near", 389, 0, 1}, {"next", 389, 5, 0}}, most);
    CHECK(targets(ordered) == std::vector<std::string>{"near", "next", "far"});
}

TEST_CASE("within a priority the draw falls by weight") {
    const std::vector<SrvRecord> records{{"light", 389, 0, 10}, {"heavy", 389, 0, 90}};
    std::map<std::string, int> first;
    for (std::uint32_t drawn = 1; drawn <= 100; ++drawn) {
        ++first[in_order(records, [&](std::uint32_t total) { return std::min(drawn, total); }).front().target];
    }
    CHECK(first["light"] == 10);
    CHECK(first["heavy"] == 90);
    CHECK(in_order({{"none", 389, 0, 0}, {"some", 389, 0, 5}}, least).front().target == "none");
    CHECK(in_order(records, most).size() == 2);
}

TEST_CASE("a root target says that there is no such service") {
    CHECK(in_order({{".", 0, 0, 0}, {"", 0, 0, 0}}, least).empty());
    CHECK(in_order({}, least).empty());
}

TEST_CASE("SRV names port 389 only: ldaps has its own") {
    CHECK(server_url({"dc1.corp.example", 389, 0, 0}, {}) == "ldaps://dc1.corp.example");
    keysyncd::config::TlsSettings start_tls;
    start_tls.start_tls = true;
    CHECK(server_url({"dc1.corp.example", 1389, 0, 0}, start_tls) == "ldap://dc1.corp.example:1389");
}
