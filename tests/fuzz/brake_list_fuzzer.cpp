#include "fuzzer.hpp"
#include "repository/brake_list.hpp"

#include <algorithm>
#include <string_view>

using namespace livepatch;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size); // NOLINT
    auto const brakes = repository::parse_brake_list(text, "brake.json");
    if (!brakes) {
        must_hold(brakes.error().subject == "brake.json", "errors name the file");
        return 0;
    }
    must_hold(size <= repository::max_brake_size, "a list has a limit");
    for (auto const& [sha256, reason] : *brakes) {
        bool const is_hex = std::all_of(sha256.begin(), sha256.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        });
        must_hold(sha256.size() == 64 && is_hex, "what is stopped has a digest");
        must_hold(
            text.find(sha256) != std::string_view::npos || text.find('\\') != text.npos,
            "which the list has"
        );
    }
    return 0;
}
