// What a client has to know of its last refreshes besides the metadata itself.
#pragma once

#include "trust/tuf/header.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace livepatch::trust::tuf {

struct Memory {
    std::string anchor_sha256;        // of the anchor that the stored root comes from
    std::optional<Time> last_ok;      // start of the last refresh that succeeded
    std::optional<Time> latest_known; // the latest start of one

    bool operator==(Memory const&) const = default;
};

std::string to_json(Memory const& memory);

// What cannot be read is not remembered.
Memory memory_from_json(std::string_view text);

} // namespace livepatch::trust::tuf
