// Exported audit logs: cut into records alike however the bytes come in, and from any place where reading may resume.
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "entra/audit_file_cursor.hpp"
#include "entra/audit_record.hpp"
#include "entra/record_splitter.hpp"
#include "entra/registration_survey.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

namespace {

struct Found {
    std::vector<std::string> records;
    std::size_t malformed = 0;
    entra::SplitPoint resume;
};

void split(std::string_view text, std::size_t piece, const entra::SplitPoint& start, Found& found) {
    entra::RecordSplitter splitter(
        {.on_record = [&](std::string_view record, std::uint64_t) { found.records.emplace_back(record); },
         .on_malformed = [&](std::uint64_t, std::string_view) { ++found.malformed; }},
        start, 4096);
    for (std::size_t at = 0; at < text.size(); at += piece) {
        splitter.feed(text.substr(at, piece));
    }
    found.resume = splitter.resume_at();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const entra::ActivityNames activities{config::AuditActivities{}};
    const auto text = fuzz::text_of(data, size);
    Found whole;
    Found pieces;
    split(text, size + 1, {}, whole);
    split(text, 3, {}, pieces);
    require(whole.records == pieces.records && whole.malformed == pieces.malformed && whole.resume == pieces.resume,
            "records do not depend on how the bytes come in");
    require(whole.resume.offset <= size, "reading resumes inside the file");

    for (const std::string& record : whole.records) {
        boost::system::error_code error;
        const boost::json::value value = boost::json::parse(record, error);
        if (!error && value.is_object()) {
            if (const auto event = entra::read_audit_record(value.get_object(), activities)) {
                require(!event->event_id.empty(), "an event has its id");
            }
        }
    }
    if (const auto cursor = entra::parse_audit_file_cursor(text)) {
        require(entra::parse_audit_file_cursor(entra::serialize(*cursor)) == cursor, "a cursor survives as text");
    }
    static_cast<void>(entra::parse_survey_state(text));
    return 0;
}
