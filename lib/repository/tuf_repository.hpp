// A signed repository in a directory: a mirror that somebody else fills, or the publisher's own
// tree. Whoever may write there is not trusted.
#pragma once

#include "base/result.hpp"
#include "base/sealed_file.hpp"
#include "repository/brake_list.hpp"
#include "repository/kernel_catalogue.hpp"
#include "trust/candidate.hpp"
#include "trust/tuf/client.hpp"
#include "trust/tuf/tree_source.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

class TufRepository {
public:
    struct Paths {
        std::filesystem::path tree;   // metadata/ and targets/
        std::filesystem::path anchor; // root.json, as an administrator installed it
        std::filesystem::path state;  // a directory of our own: what was accepted
    };

    // What it says of one kernel.
    struct Published {
        KernelCatalogue catalogue;
        BrakeList brakes;
    };

    // Verified as of `now` from the anchor, or what was accepted before, down to the targets;
    // nobody else can open it as long as this lives. The errors are those of tuf::Client, and
    // unreachable when there is no repository, or no anchor.
    static base::Result<TufRepository> open(Paths const& paths, Time now);

    // What it publishes for a kernel, and remembers it, beside what was remembered of others.
    // not_found: nothing. `ring`: this host's.
    base::Result<Published>
    published(std::string const& arch, std::string const& release, std::string_view ring);

    // What was remembered of any other kernel goes.
    void remember_only(std::vector<std::string> const& releases) const;

    // What was remembered of a kernel last, whatever has become of the repository since.
    static base::Result<Published> remembered(
        std::filesystem::path const& state, std::string const& release, std::string_view ring
    );

    // All that was accepted, and remembered.
    static base::Result<void> forget(std::filesystem::path const& state);

    // The module of an entry, unverified but for the repository's signatures: target, entry and
    // file say the same of it.
    base::Result<trust::Candidate> module(PatchEntry const& entry);

    // Where its file lies; for errors, and to see whether it has changed.
    base::Result<std::filesystem::path> path_of(PatchEntry const& entry);

    // When the first of what was verified ceases to be believed.
    Time expires() const;

private:
    struct Parts {
        Parts(Paths where, trust::tuf::Store accepted)
            : paths(std::move(where)),
              store(std::move(accepted)),
              source(paths.tree) {}

        Paths paths;
        trust::tuf::Store store;
        trust::tuf::TreeSource source;
        std::optional<trust::tuf::Client> client = {};
    };

    explicit TufRepository(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

    struct Texts {
        std::optional<base::SealedFile> brakes; // nothing = it publishes none
        base::SealedFile catalogue;
    };

    base::Result<Texts> texts(std::string const& arch, std::string const& release);
    static base::Result<Published> parse(
        Texts const& texts,
        std::string const& arch,
        std::string const& release,
        std::string_view ring
    );
    base::Result<base::SealedFile> file(std::string const& path, std::size_t limit);
    base::Result<void> remember(std::string const& name, std::string_view text);

    std::unique_ptr<Parts> parts_; // which refer to each other
};

// By brake and by catalogue, whether it is offered still or not.
TakenBack all_taken_back(TufRepository::Published const& published);

} // namespace livepatch::repository
