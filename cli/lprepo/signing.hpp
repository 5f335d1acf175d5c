// What sign, payload and attach have in common: the next version of one role, which may lack
// signatures.
#pragma once

#include "lprepo/context.hpp"
#include "lprepo/workshop.hpp"

#include <memory>

namespace livepatch::lprepo {

class Signing {
public:
    // With keys at hand, or without: what is printed for others is not signed here.
    static Outcome<Signing> open(Context& context, RoleOptions const& options, bool with_keys);

    publish::RoleDocument const& document() const { return publication_.document(role_); }

    publish::Authority const& authority() const { return publication_.authority(role_); }

    // In the draft, for publish.
    base::Result<void> keep(publish::RoleDocument document) {
        return publication_.keep(role_, std::move(document));
    }

    // {"schema":1,"role","version","signatures","threshold"}; for people in words.
    void tell(Context& context, RoleOptions const& options) const;

private:
    Signing(std::unique_ptr<Workshop> workshop, publish::Publication publication, std::string role);

    std::unique_ptr<Workshop> workshop_;
    publish::Publication publication_;
    std::string role_;
};

} // namespace livepatch::lprepo
