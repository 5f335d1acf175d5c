// From what a publisher has changed to what clients see: role by role, signed, and written so that
// no moment shows half of it.
#pragma once

#include "base/result.hpp"
#include "publish/draft.hpp"
#include "publish/key_chain.hpp"
#include "publish/published.hpp"
#include "publish/tree.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::publish {

class Publication {
public:
    struct With {
        Tree const& tree; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
        KeyChain& keys;   // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
        Time now;
    };

    // `tree` and `keys` must outlive it.
    static base::Result<Publication> begin(With const& with);

    enum class Scope {
        everything,
        online, // brake, snapshot and timestamp: what the online key can sign alone
    };

    // A role that lacks signatures; what there is of it is kept in the draft.
    struct Waiting {
        std::string role;
        std::size_t signatures = 0;
        std::size_t threshold = 1;
        std::vector<std::string> keys; // ids of those that may sign and have not
    };

    // Makes the next versions of the roles, each signed by keys at hand, in the order root,
    // targets, brake, snapshot, timestamp, up to `last`. Stops where signatures are missing.
    // Nothing = none is.
    base::Result<std::optional<Waiting>>
    prepare(Scope scope, std::string const& last = "timestamp");

    // The document of a role that was prepared, or that waits.
    RoleDocument const& document(std::string const& role) const;

    // Adds signatures to the role that waits, or that was prepared last; keeps it in the draft.
    base::Result<void> keep(std::string const& role, RoleDocument document);

    Authority const& authority(std::string const& role) const { return authorities_.at(role); }

    // Whether `prepare` made a new version of it.
    bool is_new(std::string const& role) const { return new_.contains(role); }

    // Publishes what was prepared: first all files that are new under their names, then
    // timestamp.json. Killed in between, clients see the state before, and the next try succeeds.
    base::Result<void> write();

    // The first root alone, which is all there is of a new repository.
    base::Result<void> write_root();

private:
    explicit Publication(With const& with, Published published);

    base::Result<bool> prepare_role(std::string const& role, Scope scope);
    base::Result<bool> prepare_root();
    base::Result<bool> prepare_targets(Scope scope);
    base::Result<bool> prepare_brake();
    base::Result<bool> prepare_snapshot();
    base::Result<bool> prepare_timestamp();

    // True once it is signed.
    base::Result<bool> make(std::string const& role, nlohmann::json body, Authority authority);
    base::Result<bool> sign(std::string const& role, RoleDocument document);

    base::Result<void> settle_catalogues();
    base::Result<nlohmann::json> targets_body();
    nlohmann::json described(std::string const& role) const;
    std::string bytes(std::string const& role) const;
    base::Result<void> write_targets();
    base::Result<void> write_versioned(std::string const& role);

    With with_;
    Draft draft_;
    Published published_;
    std::map<std::string, RoleDocument> roles_;
    std::map<std::string, Authority> authorities_;
    std::map<std::string, bool> new_;
    Scope scope_ = Scope::everything;
};

} // namespace livepatch::publish
