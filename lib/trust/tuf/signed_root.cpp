#include "trust/tuf/signed_root.hpp"

namespace livepatch::trust::tuf {

base::Result<SignedRoot> SignedRoot::read(Document document, std::size_t limit) {
    auto envelope = read_envelope(document, limit);
    if (!envelope)
        return envelope.error();
    auto root = interpret<Root>(*envelope, document.subject);
    if (!root)
        return root.error();
    if (auto good = root->root.check(*envelope, document.subject); !good)
        return good.error();
    return SignedRoot{std::move(document), std::move(*envelope), std::move(*root)};
}

base::Result<void> SignedRoot::vouches_for(SignedRoot const& newer) const {
    auto good = root.root.check(newer.envelope, newer.document.subject);
    if (good)
        return good;
    auto error = good.error();
    error.cause += " of version " + std::to_string(root.header.version) + " of the root";
    return error;
}

base::Result<void> SignedRoot::is_followed_by(SignedRoot const& newer) const {
    auto const next = root.header.version + 1;
    if (newer.root.header.version != next) {
        return refusal(
            newer.document.subject,
            "is version " + std::to_string(newer.root.header.version) + " of the root, not " +
                std::to_string(next)
        );
    }
    return vouches_for(newer);
}

} // namespace livepatch::trust::tuf
