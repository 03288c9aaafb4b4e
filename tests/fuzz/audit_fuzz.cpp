#include <boost/json.hpp>

#include "entra/directory_audit.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const entra::ActivityNames activities{config::AuditActivities{}};
    const auto text = fuzz::text_of(data, size);
    if (const auto page = entra::read_audit_page(text, activities)) {
        for (const entra::RegistrationEvent& event : page->events) {
            require(!event.event_id.empty(), "an event has its id");
            require(!event.user_id.empty() || !event.user_principal_name.empty(), "an event has its user");
        }
    }
    boost::system::error_code error;
    const boost::json::value record = boost::json::parse(text, error);
    if (!error && record.is_object()) {
        static_cast<void>(entra::read_directory_audit(record.get_object(), activities));
    }
    return 0;
}
