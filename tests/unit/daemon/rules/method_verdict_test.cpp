#include "daemon/rules/method_verdict.hpp"

#include <doctest/doctest.h>

#include "entra/base64.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using entra::AuthenticationMethod;
using entra::KeyKind;

constexpr Instant noon = Instant{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};
constexpr Ticks patience = 65min;

std::vector<std::byte> id(std::uint8_t number) {
    return std::vector<std::byte>(32, std::byte{number});
}

AuthenticationMethod method(std::uint8_t number, Instant created) {
    return {KeyKind::ngc, entra::encode_url_token(id(number)), created, "normal"};
}

AuthenticationMethod opaque(const char* name, std::optional<Instant> created) {
    return {KeyKind::ngc, name, created, "normal"};
}

struct Asked {
    std::vector<WaitingRegistration> registrations{};
    std::vector<WrittenKey> keys{};
    std::vector<AuthenticationMethod> methods{};
    std::optional<Instant> last_deletion{};
    MethodProof proof = MethodProof::by_key_id;

    [[nodiscard]] MethodFindings judged(Instant now = noon) const {
        return judge_methods({KeyKind::ngc, registrations, keys, methods, last_deletion, proof}, now, patience);
    }
    [[nodiscard]] RegistrationVerdict registration(Instant now = noon) const {
        return judged(now).registrations.front().verdict;
    }
    [[nodiscard]] KeyFinding key(Instant now = noon) const { return judged(now).keys.front(); }
};

TEST_CASE("a registration is known by the time of its method, or by the id that Entra gave it before") {
    Asked asked{.registrations = {{noon - 1h, ""}}, .methods = {method(1, noon - 1h - 40s)}};
    CHECK(asked.registration() == RegistrationVerdict::known);
    asked.registrations = {{noon - 3h, asked.methods.front().id}};
    CHECK(asked.registration() == RegistrationVerdict::known);
}

TEST_CASE("a registration that Entra does not show is gone once Entra has settled") {
    const Asked asked{.registrations = {{noon - 5min, ""}}};
    CHECK(asked.registration(noon) == RegistrationVerdict::gone);
    CHECK(asked.registration(noon - 1s) == RegistrationVerdict::undecided);
}

TEST_CASE("a registration that Entra has shown and does no more is gone at once") {
    const Asked asked{.registrations = {{noon - 1s, "shown-before"}}, .methods = {opaque("another", noon - 2s)}};
    CHECK(asked.registration() == RegistrationVerdict::gone);
}

TEST_CASE("a method that is nobody's may be the registration, if it was made about then") {
    Asked asked{.registrations = {{noon - 1h, ""}}, .methods = {opaque("x", noon - 3h)}};
    CHECK(asked.registration() == RegistrationVerdict::undecided);
    asked.methods = {opaque("x", std::nullopt)};
    CHECK(asked.registration() == RegistrationVerdict::undecided);
    asked.methods = {opaque("x", noon - 400h)};
    CHECK(asked.registration() == RegistrationVerdict::gone);
    asked.methods = {method(1, noon - 3h)};
    asked.keys = {{id(1), noon - 3h, false, {}}};
    CHECK(asked.registration() == RegistrationVerdict::gone);
}

TEST_CASE("two registrations and one method: the nearer one is known, the other gone") {
    const Asked asked{.registrations = {{noon - 62min, ""}, {noon - 60min, ""}}, .methods = {method(1, noon - 1h)}};
    const MethodFindings found = asked.judged();
    CHECK(found.registrations[0].verdict == RegistrationVerdict::gone);
    CHECK(found.registrations[1].verdict == RegistrationVerdict::known);
}

TEST_CASE("a key that appeared and that Entra does not know is unmatched at once") {
    const Asked asked{.keys = {{id(2), noon - 1h, true, {}}}, .methods = {method(1, noon - 1h)}};
    CHECK(asked.key().verdict == KeyVerdict::unmatched);
    CHECK(asked.key().ask_again == noon + 24h);
    CHECK(Asked{.keys = {{id(2), noon - 1h, true, {}}}}.key().verdict == KeyVerdict::unmatched);
}

TEST_CASE("a key is known by its id whatever the time, and by the time where ids say nothing") {
    CHECK(Asked{.keys = {{id(1), noon - 1h, true, {}}}, .methods = {method(1, noon - 99h)}}.key().verdict ==
          KeyVerdict::known);
    const Asked by_time{.keys = {{id(1), noon - 1h, true, {}}}, .methods = {opaque("x", noon - 1h - 1s)}};
    CHECK(by_time.key().verdict == KeyVerdict::known);
    CHECK(by_time.key().by == entra::MatchedBy::time);
}

TEST_CASE("where no key was ever found in Entra, one that is not found there proves nothing") {
    Asked asked{.keys = {{id(2), noon - 1h, true, {}}}, .proof = MethodProof::none};
    CHECK(asked.key().verdict == KeyVerdict::undecided);
    asked.proof = MethodProof::by_time;
    CHECK(asked.key().verdict == KeyVerdict::unmatched);
    asked.keys = {{id(2), std::nullopt, true, {}}};
    CHECK(asked.key().verdict == KeyVerdict::undecided);
    // Another key of the same answer proves it.
    asked.proof = MethodProof::none;
    asked.keys = {{id(2), noon - 1h, true, {}}, {id(1), noon - 99h, false, {}}};
    asked.methods = {method(1, noon - 99h)};
    CHECK(asked.key().verdict == KeyVerdict::unmatched);
}

TEST_CASE("a method without a readable id that is nobody's may be the key") {
    Asked asked{.keys = {{id(2), noon - 1h, true, {}}}, .methods = {opaque("x", noon - 3h)}};
    CHECK(asked.key().verdict == KeyVerdict::undecided);
    asked.methods = {opaque("x", noon - 300h)};
    CHECK(asked.key().verdict == KeyVerdict::unmatched);
}

TEST_CASE("a key made a moment ago is asked about again when Entra has settled, a date in the future does not help") {
    CHECK(Asked{.keys = {{id(2), noon - 1min, true, {}}}}.key().verdict == KeyVerdict::undecided);
    CHECK(Asked{.keys = {{id(2), noon - 1min, true, {}}}}.key().ask_again == noon + 4min);
    CHECK(Asked{.keys = {{id(2), noon + 900h, true, {}}}}.key().ask_again == noon + entra_settling);
    CHECK(Asked{.keys = {{id(2), noon + 900h, true, noon - 5min}}}.key().verdict == KeyVerdict::unmatched);
}

TEST_CASE("while the directory may still have to show a deletion, nothing is called unmatched") {
    const Asked asked{.keys = {{id(2), noon - 9h, true, {}}}, .last_deletion = noon - 10min};
    CHECK(asked.key().verdict == KeyVerdict::undecided);
    CHECK(asked.key().ask_again == noon + 55min);
    CHECK(asked.key(noon + 55min).verdict == KeyVerdict::unmatched);
}

TEST_CASE("a key from before is unmatched only when it has been missing for long") {
    Asked asked{.keys = {{id(2), noon - 99h, false, {}}}};
    CHECK(asked.key().verdict == KeyVerdict::missing);
    CHECK(asked.key().ask_again == noon + patience);
    asked.keys.front().missing_since = noon - 64min;
    CHECK(asked.key().verdict == KeyVerdict::missing);
    asked.keys.front().missing_since = noon - 65min;
    CHECK(asked.key().verdict == KeyVerdict::unmatched);
    asked.keys.front().missing_since = noon - 80h;
    CHECK(asked.key().ask_again == noon + 80h);
}

TEST_CASE("a registration that Entra has shown confirms the key that arrives for it") {
    CHECK(confirms(entra::encode_url_token(id(1)), noon, id(1), noon + 1h));
    CHECK_FALSE(confirms(entra::encode_url_token(id(1)), noon, id(2), noon));
    CHECK(confirms("opaque", noon, id(1), noon + 900ms));
    CHECK_FALSE(confirms("opaque", noon, id(1), noon + 1min));
    CHECK_FALSE(confirms("opaque", noon, id(1), std::nullopt));
    CHECK_FALSE(confirms("", noon, id(1), noon));
}

}  // namespace
}  // namespace keysyncd::daemon::test
