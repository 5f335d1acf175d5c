#include "trust/tuf/root_update.hpp"

#include "base/sha256.hpp"
#include "trust/tuf/download.hpp"
#include "trust/tuf/file_name.hpp"

#include <optional>
#include <utility>

namespace livepatch::trust::tuf {

namespace {

constexpr auto role = "root";

// Nothing = there is no newer one.
base::Result<std::optional<SignedRoot>>
next_root(SignedRoot const& current, Surroundings const& with) {
    auto const name = versioned_file_name(current.root.header.version + 1, role);
    auto document = download(with.source, name, {}, with.limits.root);
    if (!document && document.error().code == base::Errc::not_found)
        return std::optional<SignedRoot>();
    if (!document)
        return document.error();
    auto next = current.read_next(std::move(*document), with.limits.root);
    if (!next)
        return next.error();
    return std::optional(std::move(*next));
}

// An attacker who had the keys may have signed versions so high that nothing real is newer. With
// the keys that go, what they signed is forgotten; before the new root is stored, because after a
// crash in between nobody would know any more that it has to be.
base::Result<void> accept(Root const& old, SignedRoot const& next, Surroundings const& with) {
    bool const rotated = old.timestamp.lost_a_key_in(next.root.timestamp) ||
                         old.snapshot.lost_a_key_in(next.root.snapshot);
    if (rotated)
        for (auto const* signed_by_them : {"timestamp", "snapshot"})
            if (auto done = with.store.forget(signed_by_them); !done)
                return done;
    return with.store.save(role, next.document.bytes);
}

// Whether the repository's own chain of roots leads from one to the other.
base::Result<void>
check_related(SignedRoot older, SignedRoot const& newer, Surroundings const& with) {
    auto const unrelated = [&](std::string const& why) {
        return base::Error{
            .code = base::Errc::conflict,
            .subject = newer.document.subject,
            .cause = "is not of the chain of roots that " + older.document.subject +
                     " belongs to: " + why,
            .remedy = "if the repository was set up anew, reset the trust in it"};
    };
    bool const is_newer = newer.root.header.version > older.root.header.version;
    if (is_newer && older.vouches_for(newer.envelope, newer.document.subject))
        return {};
    while (older.root.header.version < newer.root.header.version) {
        auto next = next_root(older, with);
        if (!next && next.error().code != base::Errc::verification_failed)
            return next.error(); // no answer is none about the anchor
        if (!next)
            return unrelated(base::describe(next.error()));
        if (!*next)
            return unrelated("it ends with version " + std::to_string(older.root.header.version));
        older = std::move(**next);
    }
    if (older.says_the_same_as(newer))
        return {};
    return unrelated(
        "there are two different versions " + std::to_string(newer.root.header.version)
    );
}

base::Result<SignedRoot>
stored_or_exchanged(SignedRoot stored, SignedRoot anchor, Surroundings const& with) {
    bool const anchor_is_newer = anchor.root.header.version > stored.root.header.version;
    auto const& older = anchor_is_newer ? stored : anchor;
    auto const& newer = anchor_is_newer ? anchor : stored;
    if (auto related = check_related(older, newer, with); !related)
        return related.error();
    if (!anchor_is_newer)
        return stored;
    if (auto accepted = accept(stored.root, anchor, with); !accepted)
        return accepted.error();
    return anchor;
}

base::Result<SignedRoot> choose(SignedRoot anchor, Surroundings const& with, bool is_known) {
    auto document = with.store.load(role, with.limits.root);
    bool const is_unreadable = !document && document.error().code == base::Errc::failed;
    if (is_unreadable)
        return document.error();
    if (document) {
        // A damaged one is as good as none: the anchor leads to it again.
        if (auto stored = SignedRoot::read(std::move(*document), with.limits.root); stored)
            return is_known ? base::Result<SignedRoot>(std::move(*stored))
                            : stored_or_exchanged(std::move(*stored), std::move(anchor), with);
    }
    if (auto saved = with.store.save(role, anchor.document.bytes); !saved)
        return saved.error();
    return anchor;
}

} // namespace

base::Result<SignedRoot> trusted_root(Document anchor, Surroundings const& with) {
    auto memory = with.store.memory();
    auto sha256 = base::sha256(anchor.bytes);
    auto read = SignedRoot::read(std::move(anchor), with.limits.root);
    if (!read) {
        auto error = read.error();
        error.remedy = "install the repository's root.json again";
        return error;
    }
    auto chosen = choose(std::move(*read), with, memory.anchor_sha256 == sha256);
    if (!chosen)
        return chosen;
    memory.anchor_sha256 = std::move(sha256);
    if (auto remembered = with.store.remember(std::move(memory)); !remembered)
        return remembered.error();
    return chosen;
}

base::Result<Root> update_root(SignedRoot trusted, Surroundings const& with) {
    for (std::int64_t steps = 0;; ++steps) {
        auto next = next_root(trusted, with);
        if (!next)
            return next.error();
        if (!*next)
            break;
        if (steps == with.limits.new_roots) {
            return base::Error{
                .code = base::Errc::limits_exceeded,
                .subject = (*next)->document.subject,
                .cause = "more than " + std::to_string(steps) + " new roots at once",
                .remedy = "refresh again: it goes on from there"};
        }
        if (auto accepted = accept(trusted.root, **next, with); !accepted)
            return accepted.error();
        trusted = std::move(**next);
    }
    if (trusted.root.header.has_expired(with.now)) {
        return base::Error{
            .code = base::Errc::expired,
            .subject = trusted.document.subject,
            .cause = "the root expired at " + trusted.root.header.expires_text,
            .remedy = "the publisher has to sign a new one; is the clock right?"};
    }
    return std::move(trusted.root);
}

} // namespace livepatch::trust::tuf
