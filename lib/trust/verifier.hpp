// The gate: Candidate in, VerifiedPatch out.
#pragma once

#include "base/result.hpp"
#include "trust/candidate.hpp"
#include "trust/keyring.hpp"
#include "trust/verified_patch.hpp"

#include <string>

namespace livepatch::trust {

// Copies are cheap; any thread may use it.
class Verifier {
public:
    // `release` is the running kernel's (`uname -r`).
    Verifier(Keyring keys, std::string release);

    // Takes modules whoever made them, also with a signature that nobody knows: for laboratories,
    // where an admin said so. The signer of what it verifies is "".
    static Verifier without_signatures(std::string release);

    // The same for modules that somebody else vouches for: `signer` is shown as who made them.
    static Verifier vouched_for(std::string signer, std::string release);

    // wrong_kernel when the module was built for another release: the kernel would load it all the
    // same, since with MODVERSIONS it ignores that word of vermagic (kernel/module/version.c:
    // same_magic). verification_failed as in module_signature.hpp.
    base::Result<VerifiedPatch> verify(Candidate candidate) const;

    // The same checks without giving up the candidate: the signer when all hold.
    base::Result<std::string> check(Candidate const& candidate) const;

private:
    Keyring keys_;
    std::string release_;
    bool signatures_ = true;
    std::string signer_ = {}; // without signatures
};

} // namespace livepatch::trust
