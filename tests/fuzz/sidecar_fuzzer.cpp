#include "fuzzer.hpp"
#include "patch_entry_checks.hpp"
#include "repository/sidecar.hpp"

#include <string_view>

using namespace livepatch;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size); // NOLINT
    auto const sidecar = repository::parse_sidecar(text, "fuzz.ko.json");
    if (sidecar) {
        fuzz::check(sidecar->patch);
        fuzz::check(sidecar->kernel);
    } else {
        fuzz::must_hold(sidecar.error().subject == "fuzz.ko.json", "errors name the file");
    }
    return 0;
}
