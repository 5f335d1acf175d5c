// That an administrator has had the trust in a repository reset: who mirrors it has a memory of his
// own of what it may not go back behind, and is another process.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>

namespace livepatch::repository {

// In a directory of everybody's to read.
class TrustReset {
public:
    explicit TrustReset(std::filesystem::path directory) : directory_(std::move(directory)) {}

    // `mark`: another one than that of any reset before.
    base::Result<void> tell(std::string const& source, std::string const& mark) const;

    // The mark of the newest; "" = there was none.
    std::string newest(std::string const& source) const;

private:
    std::filesystem::path directory_;
};

} // namespace livepatch::repository
