#include "trust/verifier.hpp"

#include "trust/module_signature.hpp"

#include <utility>

namespace livepatch::trust {

Verifier::Verifier(Keyring keys, std::string release)
    : keys_(std::move(keys)),
      release_(std::move(release)) {}

Verifier Verifier::without_signatures(std::string release) {
    return vouched_for({}, std::move(release));
}

Verifier Verifier::vouched_for(std::string signer, std::string release) {
    Verifier verifier({}, std::move(release));
    verifier.signatures_ = false;
    verifier.signer_ = std::move(signer);
    return verifier;
}

base::Result<VerifiedPatch> Verifier::verify(Candidate candidate) const {
    auto signer = check(candidate);
    if (!signer)
        return signer.error();
    return VerifiedPatch(
        std::move(candidate.file_),
        std::move(candidate.module_),
        candidate.sha256(),
        std::move(*signer)
    );
}

base::Result<std::string> Verifier::check(Candidate const& candidate) const {
    if (candidate.module().release != release_) {
        return base::Error{
            .code = base::Errc::wrong_kernel,
            .subject = candidate.subject(),
            .cause =
                "built for the kernel " + candidate.module().release + ", running is " + release_,
            .remedy = "use the one that was built for " + release_,
        };
    }
    if (!signatures_)
        return signer_;
    return verify_module_signature(candidate.hashed_, keys_, candidate.subject());
}

} // namespace livepatch::trust
