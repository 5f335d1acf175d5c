#include "base/strict_json.hpp"
#include "fuzzer.hpp"
#include "trust/tuf/canonical_json.hpp"

#include <string>
#include <string_view>

using namespace livepatch;
using fuzz::must_hold;

namespace {

// Canonical JSON is JSON but for the control characters, which stand for themselves in its strings.
std::string json_of(std::string_view canonical) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (char const c : canonical) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte >= 0x20)
            text += c;
        else
            text += {'\\', 'u', '0', '0', digits[byte >> 4U], digits[byte & 0xfU]};
    }
    return text;
}

} // namespace

// What is signed says all that the file says, and in one way alone.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size); // NOLINT
    auto const value = base::parse_strict_json(text, "fuzz.json");
    if (!value)
        return 0;
    auto const canonical = trust::tuf::canonical_json(*value);
    auto const again = base::parse_strict_json(
        json_of(canonical),
        "fuzz.json",
        {.size = 6 * canonical.size() + 1, .depth = 32, .values = std::size_t{32} * 1024}
    );
    must_hold(again.has_value(), "canonical JSON is read again");
    must_hold(*again == *value, "canonical JSON says the same");
    must_hold(trust::tuf::canonical_json(*again) == canonical, "there is one canonical form");
    return 0;
}
