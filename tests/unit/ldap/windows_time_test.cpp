#include "ldap/windows_time.hpp"

#include <doctest/doctest.h>

namespace ldap = keysyncd::ldap;
using namespace std::chrono_literals;
using std::chrono::sys_days;

TEST_CASE("FILETIME counts 100 ns since 1601") {
    CHECK(ldap::from_filetime(0) == ldap::Instant{sys_days{std::chrono::year{1601} / 1 / 1}});
    CHECK(ldap::from_filetime(0x01D403666ED67B41) ==
          sys_days{std::chrono::year{2018} / 6 / 13} + 22h + 32min + ldap::Ticks{381684545});
    CHECK(ldap::from_filetime(2'650'467'743'999'999'999) ==
          sys_days{std::chrono::year{10000} / 1 / 1} - ldap::Ticks{1});
    CHECK(!ldap::from_filetime(2'650'467'744'000'000'000));
    CHECK(!ldap::from_filetime(0xFFFFFFFFFFFFFFFF));
}

TEST_CASE(".NET binary times carry a kind above their ticks") {
    const auto utc = ldap::from_dotnet_binary(0x48D52AB3B3BA9D7A);
    const auto expected = sys_days{std::chrono::year{2017} / 11 / 13} + 16h + 29min + ldap::Ticks{245657466};
    CHECK(!utc.local_kind);
    CHECK(utc.at == expected);
    CHECK(ldap::from_dotnet_binary(0x08D52AB3B3BA9D7A).at == expected);
    CHECK(ldap::from_dotnet_ticks(0x08D52AB3B3BA9D7A) == expected);
    CHECK(!ldap::from_dotnet_ticks(0x48D52AB3B3BA9D7A));
    CHECK(!ldap::from_dotnet_binary(0x7FFFFFFFFFFFFFFF).at);
}

TEST_CASE(".NET local times are flagged, not guessed") {
    for (const std::uint64_t raw : {0x88D52AB3B3BA9D7AU, 0xC8D52AB3B3BA9D7AU}) {
        const auto local = ldap::from_dotnet_binary(raw);
        CHECK(local.local_kind);
        CHECK(!local.at);
    }
}

TEST_CASE("GeneralizedTime as Active Directory writes it, and with what RFC 4517 allows besides") {
    const auto expected = sys_days{std::chrono::year{2026} / 1 / 31} + 1h + 42min + 54s;
    CHECK(ldap::parse_generalized_time("20260131014254.0Z") == expected);
    CHECK(ldap::parse_generalized_time("20260131014254Z") == expected);
    CHECK(ldap::parse_generalized_time("20260131014254,987Z") == expected);
    CHECK(ldap::parse_generalized_time("20260131024254.0+0100") == expected);
    CHECK(ldap::parse_generalized_time("20260130204254.0-05") == expected);
    CHECK(ldap::parse_generalized_time("202601310142Z") == expected - 54s);
    CHECK(ldap::parse_generalized_time("2026013101Z") == expected - 54s - 42min);
    CHECK(ldap::parse_generalized_time("16010101000000.0Z") == sys_days{std::chrono::year{1601} / 1 / 1});
}

TEST_CASE("what is no GeneralizedTime is refused") {
    for (const char* text :
         {"", "2026", "20260131014254.0", "20260231014254.0Z", "20261301014254.0Z", "20260131244254.0Z",
          "20260131016054.0Z", "20260131014261.0Z", "20260131014254.Z", "20260131014254.0Z ", "20260131014254.0+1",
          "20260131014254.0+2460", "2026-01-31T01:42:54Z", "20260131014254.0X"}) {
        CHECK_MESSAGE(!ldap::parse_generalized_time(text), text);
    }
}

TEST_CASE("times in XML replication metadata") {
    const auto expected = sys_days{std::chrono::year{2026} / 1 / 31} + 1h + 42min + 54s;
    for (const char* text :
         {"2026-01-31T01:42:54Z", "2026-01-31T01:42:54", "2026-01-31T01:42:54.999Z", "2026-01-31t01:42:54z"}) {
        CHECK_MESSAGE(ldap::parse_xml_time(text) == expected, text);
    }
    for (const char* text : {"", "2026-01-31", "2026-01-31T01:42Z", "2026-01-32T01:42:54Z", "2026-01-31T24:42:54Z",
                             "2026-01-31T01:42:54.Z", "2026-01-31T01:42:54ZZ", "2026-01-31T01:42:54+01:00"}) {
        CHECK_MESSAGE(!ldap::parse_xml_time(text), text);
    }
}
