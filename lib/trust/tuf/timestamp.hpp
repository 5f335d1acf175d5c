// timestamp.json: which snapshot is the newest, signed anew all the time.
#pragma once

#include "trust/tuf/header.hpp"
#include "trust/tuf/reference.hpp"

namespace livepatch::trust::tuf {

struct Timestamp {
    static constexpr std::string_view type = "timestamp";

    Header header;
    Reference snapshot;

    static Timestamp read(Fields const& content);
};

} // namespace livepatch::trust::tuf
