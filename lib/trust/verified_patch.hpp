// A livepatch that may be loaded into this kernel. Only the Verifier makes one, and only this can
// be loaded: there is no other way to the loader.
#pragma once

#include "base/sealed_file.hpp"
#include "module/livepatch_module.hpp"

#include <string>

namespace livepatch::trust {

class VerifiedPatch {
public:
    module::LivepatchModule const& module() const { return module_; }

    std::string const& name() const { return module_.name; }

    std::string const& sha256() const { return sha256_; }

    std::string const& signer() const { return signer_; } // for people; see module_signature.hpp

    base::SealedFile const& file() const { return file_; } // the very bytes that were verified

private:
    friend class Verifier;
    VerifiedPatch(
        base::SealedFile file,
        module::LivepatchModule module,
        std::string sha256,
        std::string signer
    );
    base::SealedFile file_;
    module::LivepatchModule module_;
    std::string sha256_;
    std::string signer_;
};

} // namespace livepatch::trust
