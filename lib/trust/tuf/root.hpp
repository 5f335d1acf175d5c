// root.json: whose signatures count for each of the four top-level roles.
#pragma once

#include "trust/tuf/header.hpp"
#include "trust/tuf/quorum.hpp"

namespace livepatch::trust::tuf {

struct Root {
    static constexpr std::string_view type = "root";

    Header header;
    bool consistent_snapshot = false; // whether files have a version or a hash in their names
    Quorum root;
    Quorum timestamp;
    Quorum snapshot;
    Quorum targets;

    static Root read(Fields const& content);
};

} // namespace livepatch::trust::tuf
