// What timestamp and snapshot say of a metadata file.
#pragma once

#include "trust/tuf/content_check.hpp"

namespace livepatch::trust::tuf {

struct Reference {
    std::int64_t version = 1;
    ContentDescription content; // both parts may be missing: the signature is in the file

    static Reference read(Fields const& entry);
};

} // namespace livepatch::trust::tuf
