#include "fuzzer.hpp"
#include "module/modinfo.hpp"
#include "repository/sidecar.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace livepatch;
using fuzz::must_hold;

namespace {

bool is_plain(std::string_view text, std::string_view extra) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
}

// What goes to the bus, to paths and to terminals.
void check(repository::Sidecar const& sidecar) {
    must_hold(!sidecar.id.empty() && sidecar.id.size() <= 64, "id has 1 to 64 characters");
    must_hold(is_plain(sidecar.id, "._-"), "id is plain");
    must_hold(is_plain(sidecar.severity, ""), "severity is a word");
    must_hold(sidecar.cves.size() <= 1024, "not too many CVEs");
    for (auto const& id : sidecar.cves)
        must_hold(!id.empty() && is_plain(id, "._-"), "CVEs are plain");
    must_hold(is_plain(sidecar.release, "._+~-"), "release is plain");
    for (auto const& id : sidecar.kernel_build_ids)
        must_hold(!id.empty() && is_plain(id, ""), "build-ids are hex");
    for (auto const& target : sidecar.targets)
        must_hold(module::is_module_name(target.object), "targets are modules");
    for (auto const& object : sidecar.functions) {
        must_hold(module::is_module_name(object.name), "objects are modules");
        for (auto const& function : object.functions)
            must_hold(
                !function.name.empty() && is_plain(function.name, "_.$"), "functions are named"
            );
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size); // NOLINT
    auto const sidecar = repository::parse_sidecar(text, "fuzz.ko.json");
    if (sidecar)
        check(*sidecar);
    else
        must_hold(sidecar.error().subject == "fuzz.ko.json", "errors name the file");
    return 0;
}
