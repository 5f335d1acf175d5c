#include "trust/tuf/role_update.hpp"

#include "trust/tuf/download.hpp"
#include "trust/tuf/file_name.hpp"
#include "trust/tuf/metadata.hpp"

#include <optional>

namespace livepatch::trust::tuf {

namespace {

base::Error expired(std::string const& subject, std::string_view role, Header const& header) {
    return {
        .code = base::Errc::expired,
        .subject = subject,
        .cause = "the " + std::string(role) + " expired at " + header.expires_text,
        .remedy =
            "the publisher has to sign it anew, or the mirror to fetch it; is the clock right?"};
}

base::Error
went_back(std::string const& subject, std::string const& what, std::int64_t from, std::int64_t to) {
    auto error = refusal(
        subject,
        what + " went back from version " + std::to_string(from) + " to " + std::to_string(to),
        "somebody replays an old state of the repository; try another mirror, or ask the publisher"
    );
    error.code = base::Errc::rolled_back;
    return error;
}

template <class Role>
struct Stored {
    Document document;
    Role role;
};

// Nothing when there is none of today's keys: such a file cannot be held against a new one.
template <class Role>
base::Result<std::optional<Stored<Role>>>
load(std::string const& name, Quorum const& quorum, std::size_t limit, Store const& store) {
    auto document = store.load(name, limit);
    if (!document && document.error().code == base::Errc::failed)
        return document.error();
    if (!document)
        return std::optional<Stored<Role>>();
    auto role = read_signed<Role>(*document, quorum, limit);
    if (!role)
        return std::optional<Stored<Role>>();
    return std::optional(Stored<Role>{std::move(*document), std::move(*role)});
}

// One file among those that others refer to by version.
struct Wanted {
    std::string name;
    Quorum const& quorum;
    Reference const& reference;
    bool is_versioned;
    std::size_t limit;
};

base::Result<Document> download_referenced(Wanted const& wanted, Source& source) {
    auto const file = wanted.is_versioned
                          ? versioned_file_name(wanted.reference.version, wanted.name)
                          : file_name(wanted.name);
    auto document = download(source, file, wanted.reference.content, wanted.limit);
    if (document || document.error().code != base::Errc::not_found)
        return document;
    auto error = document.error();
    error.code = base::Errc::incomplete;
    error.cause = "is not there, though the signed metadata names it";
    error.remedy = "if the repository is being copied, copy timestamp.json last";
    return error;
}

template <class Role>
bool is_current(Stored<Role> const& stored, Reference const& reference, Time now) {
    return stored.role.header.version == reference.version &&
           check_content(reference.content, stored.document.bytes, stored.document.subject) &&
           !stored.role.header.has_expired(now);
}

// Compares what is new with what was accepted before; nullptr = there is nothing to compare.
template <class Role>
using Check = base::Result<void> (*)(
    Role const& newer, Stored<Role> const& stored, std::string const& subject
);

template <class Role>
base::Result<Role> update(Wanted const& wanted, Surroundings const& with, Check<Role> check) {
    auto stored = load<Role>(wanted.name, wanted.quorum, wanted.limit, with.store);
    if (!stored)
        return stored.error();
    if (*stored && is_current(**stored, wanted.reference, with.now))
        return std::move((*stored)->role);
    // It may be large, and so is what takes its place.
    if (check == nullptr)
        stored->reset();
    auto const document = download_referenced(wanted, with.source);
    if (!document)
        return document.error();
    auto role = read_signed<Role>(*document, wanted.quorum, wanted.limit);
    if (!role)
        return role;
    if (role->header.version != wanted.reference.version) {
        return refusal(
            document->subject,
            "is version " + std::to_string(role->header.version) + ", not " +
                std::to_string(wanted.reference.version),
            "if the repository is being copied, copy timestamp.json last"
        );
    }
    if (*stored)
        if (auto good = check(*role, **stored, document->subject); !good)
            return good.error();
    if (role->header.has_expired(with.now))
        return expired(document->subject, wanted.name, role->header);
    if (auto saved = with.store.save(wanted.name, document->bytes); !saved)
        return saved.error();
    return role;
}

base::Result<void> check_nothing_went_back(
    Snapshot const& newer, Stored<Snapshot> const& stored, std::string const& subject
) {
    if (newer.header.version < stored.role.header.version)
        return went_back(subject, "the snapshot", stored.role.header.version, newer.header.version);
    for (auto const& [name, before] : stored.role.files) {
        auto const now = newer.files.find(name);
        if (now == newer.files.end())
            return refusal(subject, "does not list " + name + " any more");
        if (now->second.version < before.version)
            return went_back(subject, name, before.version, now->second.version);
    }
    return {};
}

base::Result<void>
check_newer(Timestamp const& newer, Timestamp const& stored, std::string const& subject) {
    if (newer.header.version < stored.header.version)
        return went_back(subject, "the timestamp", stored.header.version, newer.header.version);
    bool const is_newer = newer.header.version > stored.header.version;
    if (is_newer && newer.snapshot.version < stored.snapshot.version)
        return went_back(subject, "the snapshot", stored.snapshot.version, newer.snapshot.version);
    return {};
}

base::Result<Timestamp>
accept(Timestamp const& newer, Document const& document, Surroundings const& with) {
    if (newer.header.has_expired(with.now))
        return expired(document.subject, "timestamp", newer.header);
    if (auto saved = with.store.save("timestamp", document.bytes); !saved)
        return saved.error();
    return newer;
}

} // namespace

base::Result<Timestamp> update_timestamp(Root const& root, Surroundings const& with) {
    auto const limit = with.limits.timestamp;
    auto const name = file_name("timestamp");
    auto stored = load<Timestamp>("timestamp", root.timestamp, limit, with.store);
    if (!stored)
        return stored.error();
    auto const document = download_newest(with.source, name, limit, stored->has_value());
    if (!document)
        return document.error();
    if (*document) {
        auto newer = read_signed<Timestamp>(**document, root.timestamp, limit);
        if (!newer)
            return newer;
        if (*stored)
            if (auto good = check_newer(*newer, (*stored)->role, (*document)->subject); !good)
                return good.error();
        // Of one version there is one content: the first.
        if (!*stored || newer->header.version > (*stored)->role.header.version)
            return accept(*newer, **document, with);
    }
    auto const& kept = (*stored)->role;
    if (kept.header.has_expired(with.now)) {
        auto const subject = with.source.locate({Source::Area::metadata, name});
        return expired(subject, "timestamp", kept.header);
    }
    return kept;
}

base::Result<Snapshot>
update_snapshot(Root const& root, Timestamp const& timestamp, Surroundings const& with) {
    Wanted const wanted{
        .name = "snapshot",
        .quorum = root.snapshot,
        .reference = timestamp.snapshot,
        .is_versioned = root.consistent_snapshot,
        .limit = with.limits.snapshot};
    return update<Snapshot>(wanted, with, check_nothing_went_back);
}

base::Result<Targets> update_targets(
    TargetsRole const& role, Root const& root, Snapshot const& snapshot, Surroundings const& with
) {
    auto const* const reference = snapshot.find(role.name);
    if (reference == nullptr) {
        return refusal(
            with.source.locate({Source::Area::metadata, file_name(role.name)}),
            "the snapshot does not list this role",
            "its publisher has to mend it"
        );
    }
    Wanted const wanted{
        .name = role.name,
        .quorum = role.quorum,
        .reference = *reference,
        .is_versioned = root.consistent_snapshot,
        .limit = with.limits.targets};
    // Older than before is well where the snapshot says so: see check_nothing_went_back.
    return update<Targets>(wanted, with, nullptr);
}

} // namespace livepatch::trust::tuf
