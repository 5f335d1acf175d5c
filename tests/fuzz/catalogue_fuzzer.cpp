#include "fuzzer.hpp"
#include "patch_entry_checks.hpp"
#include "repository/kernel_catalogue.hpp"

#include <cstring>
#include <string_view>

using namespace livepatch;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size); // NOLINT
    auto const catalogue = repository::parse_kernel_catalogue(text, "catalog.json");
    if (!catalogue) {
        must_hold(catalogue.error().subject == "catalog.json", "errors name the file");
        return 0;
    }
    fuzz::check(catalogue->kernel);
    must_hold(!catalogue->kernel.release.empty(), "it is for a kernel");
    must_hold(catalogue->patches.size() <= repository::most_kept_patches, "the newest are kept");
    std::string last;
    for (auto const& patch : catalogue->patches) {
        fuzz::check(patch);
        must_hold(module::is_module_name(patch.module.name), "modules have names");
        must_hold(patch.module.sha256.size() == 64, "modules have digests");
        must_hold(!patch.module.path.empty(), "modules have paths");
        must_hold(
            !patch.withdrawn || catalogue->withdrawn.contains(patch.module.sha256),
            "what is withdrawn is known by digest"
        );
        auto place = repository::stack_place(patch);
        must_hold(last.empty() || ::strverscmp(last.c_str(), place.c_str()) < 0, "in stack order");
        last = std::move(place);
    }
    for (auto const& unfixed : catalogue->unfixed)
        fuzz::check_ids({unfixed.id});
    return 0;
}
