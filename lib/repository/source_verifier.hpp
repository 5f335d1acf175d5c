// Who has to have signed the modules of a source.
#pragma once

#include "repository/source.hpp"
#include "trust/verifier.hpp"

#include <filesystem>
#include <string>

namespace livepatch::repository {

// With the certificates as they are now: one may have been withdrawn a moment ago.
trust::Verifier verifier_of(
    Source const& source, std::filesystem::path const& key_directory, std::string const& release
);

} // namespace livepatch::repository
