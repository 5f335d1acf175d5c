#include "trust/tuf/signed_root.hpp"

namespace livepatch::trust::tuf {

namespace {

base::Result<SignedRoot> signed_by_itself(Document document, Envelope envelope) {
    auto root = interpret<Root>(envelope, document.subject);
    if (!root)
        return root.error();
    if (auto good = root->root.check(envelope, document.subject); !good)
        return good.error();
    return SignedRoot{std::move(document), std::move(envelope), std::move(*root)};
}

} // namespace

base::Result<SignedRoot> SignedRoot::read(Document document, std::size_t limit) {
    auto envelope = read_envelope(document, limit);
    if (!envelope)
        return envelope.error();
    return signed_by_itself(std::move(document), std::move(*envelope));
}

// Whose keys are trusted is asked first: a stranger could list thousands of his own.
base::Result<SignedRoot> SignedRoot::read_next(Document newer, std::size_t limit) const {
    auto taken_apart = read_envelope(newer, limit);
    if (!taken_apart)
        return taken_apart.error();
    if (auto good = vouches_for(*taken_apart, newer.subject); !good)
        return good.error();
    auto next = signed_by_itself(std::move(newer), std::move(*taken_apart));
    auto const version = root.header.version + 1;
    if (next && next->root.header.version != version) {
        return refusal(
            next->document.subject,
            "is version " + std::to_string(next->root.header.version) + " of the root, not " +
                std::to_string(version)
        );
    }
    return next;
}

base::Result<void> SignedRoot::vouches_for(Envelope const& newer, std::string_view subject) const {
    auto const good = root.root.check(newer, subject);
    if (good)
        return {};
    auto error = good.error();
    error.cause += " of version " + std::to_string(root.header.version) + " of the root";
    return error;
}

} // namespace livepatch::trust::tuf
