// Where the engine gets patches from. There are two: the sources of the configuration, and at boot
// what the daemon has kept of them.
#pragma once

#include "base/result.hpp"
#include "base/whereabouts.hpp"
#include "repository/catalogue.hpp"
#include "repository/offer.hpp"
#include "repository/source.hpp"
#include "trust/verified_patch.hpp"

#include <string>
#include <utility>
#include <vector>

namespace livepatch::repository {

// Used from one thread at a time, but for being_read(); blocks on the disk, so on a worker.
class Supply {
public:
    virtual ~Supply() = default;

    // The source that is being read, for whoever waits for it too long; "" = none. Any thread.
    std::string being_read() const { return being_read_.get(); }

    // Others in the place of those so far: what was read of them is forgotten.
    virtual void configure(std::vector<Source> sources) = 0;

    // Reads what changed and lists everything.
    virtual Catalogue read() = 0;

    // What was accepted of a repository so far is forgotten: from now on it is believed what its
    // anchor says. not_found: no repository of this name is configured.
    virtual base::Result<void> reset_trust(std::string const& source) = 0;

    // Reads an offered module once more and makes it loadable, provided that it is still what was
    // offered and verifies. not_found when its source is not configured any more.
    virtual base::Result<trust::VerifiedPatch> verify(Offer const& offer) const = 0;

protected:
    void now_reading(std::string source) { being_read_.set(std::move(source)); }

private:
    base::Whereabouts being_read_;
};

} // namespace livepatch::repository
