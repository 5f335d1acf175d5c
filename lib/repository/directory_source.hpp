// A source that is a directory of module files, accepted by their module signature.
#pragma once

#include "base/error.hpp"
#include "repository/offer.hpp"
#include "repository/source.hpp"
#include "trust/keyring.hpp"
#include "trust/verified_patch.hpp"
#include "trust/verifier.hpp"

#include <sys/types.h>

#include <ctime>
#include <map>
#include <string>
#include <vector>

namespace livepatch::repository {

// Used from one thread at a time; reads and verifies whole modules, so on a worker.
class DirectorySource {
public:
    DirectorySource(Source source, std::filesystem::path key_directory, std::string release);

    Source const& source() const { return source_; }

    struct Listing {
        std::vector<Offer> offers; // in version order of the file names
        std::vector<base::Error> problems;
    };

    // Files that did not change since the last call are not read again. Names that begin with a dot
    // or do not end in .ko, .ko.xz, .ko.zst, .ko.gz are ignored. A directory that does not exist is
    // empty.
    Listing list();

    // Reads an offered file once more and makes it loadable, provided that it is still what was
    // offered (conflict otherwise) and verifies.
    base::Result<trust::VerifiedPatch> verify(Offer const& offer) const;

private:
    // What tells that a file is the one that was read; ctime because the others can be set back.
    struct Stamp {
        dev_t device = 0;
        ino_t inode = 0;
        off_t size = 0;
        std::timespec modified{};
        std::timespec changed{};
        bool operator==(Stamp const& other) const;
    };

    struct Known {
        Stamp stamp;
        // Read long enough after its last change that the stamp tells the next one.
        bool settled = false;
        Offer offer;
    };

    static base::Result<Stamp> stamp_of(int fd, std::filesystem::path const& path);
    base::Result<base::UniqueFd> open_directory() const;
    void forget_if_keys_changed();
    base::Result<Offer> offer_of(int directory, std::string const& name);
    Offer examine(int fd, std::filesystem::path const& path) const;

    Source source_;
    std::filesystem::path key_directory_;
    std::string release_;
    trust::Keyring keys_;
    std::string keys_stamp_;
    std::map<std::string, Known> known_; // by file name
};

} // namespace livepatch::repository
