#include "fuzzer.hpp"
#include "module/appended_signature.hpp"
#include "module/livepatch_module.hpp"

#include <algorithm>

using namespace livepatch;
using fuzz::must_hold;

namespace {

bool is_plain(std::string const& text, std::string_view extra) {
    return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
        return std::isalnum(c) != 0 || extra.find(static_cast<char>(c)) != std::string_view::npos;
    });
}

// What callers rely on: these become paths and bus names.
void check(module::LivepatchModule const& module) {
    must_hold(!module.name.empty() && module.name.size() <= 55, "name has 1 to 55 characters");
    must_hold(is_plain(module.name, "_"), "name is plain");
    must_hold(!module.release.empty() && module.release.size() <= 64, "release is short");
    must_hold(is_plain(module.release, "._+~-") && module.release[0] != '.', "release is plain");
    must_hold(module.vermagic.starts_with(module.release), "vermagic starts with release");
    must_hold(is_plain(module.build_id, ""), "build-id is hex");
    for (auto const& name : module.depends)
        must_hold(!name.empty() && is_plain(name, "_"), "depends are module names");
    for (auto const& object : module.objects) {
        must_hold(!object.name.empty() && is_plain(object.name, "_-"), "objects are named");
        for (auto const& function : object.functions)
            must_hold(
                !function.name.empty() && is_plain(function.name, "_.$"), "functions are named"
            );
    }
    must_hold(
        module.replace == module::Replace::unknown || !module.objects.empty(), "replace of what"
    );
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const file = std::as_bytes(std::span(data, size));
    auto const module = module::parse_module(file, "fuzz.ko");
    if (module)
        check(*module);
    else
        must_hold(module.error().subject == "fuzz.ko", "errors name the file");
    if (auto const parts = module::split_signature(file, "fuzz.ko")) {
        must_hold(!parts->content.empty() && !parts->pkcs7.empty(), "no part is empty");
        must_hold(parts->content.size() + parts->pkcs7.size() + 40 == size, "parts add up");
    }
    return 0;
}
