// snapshot.json: which versions of all targets roles belong together.
#pragma once

#include "trust/tuf/header.hpp"
#include "trust/tuf/reference.hpp"

#include <map>

namespace livepatch::trust::tuf {

struct Snapshot {
    static constexpr std::string_view type = "snapshot";

    Header header;
    std::map<std::string, Reference> files; // "targets.json", "ROLE.json"

    static Snapshot read(Fields const& content);

    // Nothing = this snapshot has no such role.
    Reference const* find(std::string const& role) const;
};

} // namespace livepatch::trust::tuf
