// One file of a repository, as it was received.
#pragma once

#include <string>

namespace livepatch::trust::tuf {

struct Document {
    std::string subject; // its path or URL, for errors
    std::string bytes;
};

} // namespace livepatch::trust::tuf
