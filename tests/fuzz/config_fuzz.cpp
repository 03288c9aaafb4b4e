#include "config/loader.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    config::Problems warnings;
    const auto settings = config::load_text(fuzz::text_of(data, size), "/nonexistent/keysyncd.yaml", &warnings);
    fuzz::require(settings || !settings.error().empty(), "an unsound file has a problem to tell");
    return 0;
}
