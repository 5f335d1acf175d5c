#include "trust/verified_patch.hpp"

#include <utility>

namespace livepatch::trust {

VerifiedPatch::VerifiedPatch(
    base::SealedFile file, module::LivepatchModule module, std::string sha256, std::string signer
)
    : file_(std::move(file)),
      module_(std::move(module)),
      sha256_(std::move(sha256)),
      signer_(std::move(signer)) {}

} // namespace livepatch::trust
