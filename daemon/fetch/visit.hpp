// One visit to one server of a repository: what this host may need is brought into the mirror.
#pragma once

#include "base/result.hpp"
#include "fetch/voice.hpp"
#include "mirror/mirror.hpp"
#include "repository/brake_list.hpp"
#include "repository/kernel_catalogue.hpp"
#include "repository/shortlist.hpp"
#include "trust/tuf/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::fetch {

// What is to be brought, whichever server has it.
struct Errand {
    std::string source; // its name
    trust::tuf::Document anchor;
    mirror::MirrorTree tree;
    // Releases, at least one; those for which there may be no room come last.
    std::vector<std::string> kernels;
    std::string arch;
    repository::RolloutHost host;
    std::uint64_t max_size = 0;
};

// begin(), then bring(), then publish() if what it lacks is no reason not to.
class Visit {
public:
    // Something that is not in the mirror now, and should be.
    struct Lack {
        base::Error error;
        bool is_the_servers = false; // another one, or a later visit, may have it
    };

    // All of them must outlive it.
    struct With {
        trust::tuf::Store& store; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
        mirror::HttpSource& web;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
        repository::Time now;
        Voice& voice; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
        // Returns when nobody is in the middle of what was shown before any more.
        std::function<void()> const& let_readers_end; // NOLINT
    };

    // The errors are those of tuf::Client.
    static base::Result<Visit> begin(Errand const& errand, With with);

    // The brakes, the catalogues of the kernels and the modules: whose turn on this host is now, or
    // before somebody comes by again. A server that is in trouble is not asked for more.
    void bring();

    std::vector<Lack> const& lacks() const { return lacks_; }

    bool lacks_what_others_may_have() const;

    // Shows what there is. As long as something may still come, or nobody knows what is needed,
    // nothing goes that there is room for. What only lacks room on this host does not count as
    // still to come.
    base::Result<void> publish();

private:
    Visit(Errand const& errand, With with, std::unique_ptr<mirror::Mirror> mirror)
        : errand_(errand),
          with_(with),
          mirror_(std::move(mirror)) {}

    // Of one kernel.
    struct Needs {
        std::string release;
        std::vector<repository::PatchEntry> entries;
    };

    void lack(base::Error error, bool is_the_servers);
    bool has_room(trust::tuf::Target const& target);
    std::optional<std::string> read(std::string const& path, std::size_t limit);
    std::optional<std::string> read_or_lack(std::string const& path, std::size_t limit);
    repository::BrakeList read_brakes();
    void
    bring_kernels(std::vector<std::string> const& releases, repository::BrakeList const& brakes);
    std::optional<Needs> needs_of(std::string const& release, repository::BrakeList const& brakes);
    void bring_module(std::string const& release, repository::PatchEntry const& entry);
    base::Result<void> tidy_up();
    void say(std::string const& what);

    Errand const& errand_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    With with_;
    std::unique_ptr<mirror::Mirror> mirror_;
    std::vector<Lack> lacks_;
    bool is_over_ = false;    // the server is in trouble
    bool asked_all_ = false;  // for all that is needed
    bool knows_needs_ = true; // all was read that says which modules are needed
    std::size_t modules_ = 0;
    std::size_t catalogues_ = 0;
};

// Whether it may be over in a moment: a connection that ends, a server that has too much to do.
bool may_pass(base::Error const& error);

} // namespace livepatch::fetch
