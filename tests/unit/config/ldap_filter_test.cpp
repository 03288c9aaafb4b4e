#include "config/ldap_filter.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using keysyncd::config::ldap_filter_objection;

TEST_CASE("LDAP filters of RFC 4515 pass") {
    for (const char* filter : {"(cn=x)", "(cn=*)", "(cn=a*b*c)", "(cn=)", "(&(a=1)(b=2))", "(|(a=1))", "(!(a=1))",
                               "(&(|(a=1)(b=2))(!(c=3)))", "(cn=a\\28b\\29)", "(a>=1)", "(a<=1)", "(a~=1)",
                               "(memberOf:1.2.840.113556.1.4.1941:=CN=G,DC=x)", "(:dn:2.4.6.8:=x)",
                               "(cn;lang-de=Größe)", "(o=\\04\\02\\48)"}) {
        CAPTURE(filter);
        CHECK(ldap_filter_objection(filter) == "");
    }
}

TEST_CASE("what is no LDAP filter is told with the character") {
    std::string deep;
    for (int i = 0; i < 60; ++i) {
        deep += "(!";
    }
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "at character 1: expected ("},
        {"cn=x", "at character 1: expected ("},
        {"(cn=x", "at character 6: expected )"},
        {"(cn=x))", "at character 7: nothing may follow the closing parenthesis"},
        {"(cn=x)(cn=y)", "at character 7: nothing may follow the closing parenthesis"},
        {"(&)", "at character 3: expected ( after & or |"},
        {"(&(a=1)b)", "at character 8: expected )"},
        {"(!(a=1)(b=2))", "at character 8: expected )"},
        {"(cn)", "at character 4: expected ="},
        {"(=x)", "at character 2: expected the name of an attribute"},
        {"(cn=a(b)", "at character 6: a parenthesis in a value is written \\28 or \\29"},
        {"(cn=a\\)", "at character 6: a backslash is followed by two hexadecimal digits (\\5c for a backslash)"},
        {"(a>1)", "at character 4: expected ="},
        {deep, "at character 103: nested too deeply"},
    };
    for (const auto& [filter, expected] : cases) {
        CAPTURE(filter);
        CHECK(ldap_filter_objection(filter) == expected);
    }
}
