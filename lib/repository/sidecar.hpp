// The catalogue entry beside a bare module: NAME.ko.json for NAME.ko and for its compressed forms.
#pragma once

#include "base/result.hpp"
#include "module/livepatch_module.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

inline constexpr std::size_t max_sidecar_size = std::size_t{256} * 1024;

// What it says, as far as something here acts on it; "" and nothing = it does not say.
struct Sidecar {
    std::string id;
    std::optional<std::uint64_t> version;
    std::string severity; // low, moderate, medium, important, high, critical
    std::vector<std::string> cves;
    std::string withdrawn; // why; "" = it is not
    bool is_withdrawn = false;

    // The kernel it is for.
    std::string release;
    std::vector<std::string> kernel_build_ids;

    // Modules that it patches, with the builds of them that it fits.
    struct Target {
        std::string object;
        std::vector<std::string> build_ids;
    };

    std::vector<Target> targets;

    // The module it belongs to; digest and length are those of the unpacked file.
    std::string module_name;
    std::string sha256;
    std::optional<std::uint64_t> length;
    std::string module_build_id;

    std::optional<bool> replace;
    std::vector<module::Object> functions;
};

// The entry of a catalogue (livepatchd-repos(5)). Unknown keys are ignored; a key that is known and
// is not of its form, a missing "id", and whatever parse_strict_json refuses: verification_failed,
// naming `subject` and the key.
base::Result<Sidecar> parse_sidecar(std::string_view text, std::string_view subject);

} // namespace livepatch::repository
