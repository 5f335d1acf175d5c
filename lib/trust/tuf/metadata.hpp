// From the bytes of a file to what it says, with the signatures between them.
#pragma once

#include "trust/tuf/envelope.hpp"
#include "trust/tuf/quorum.hpp"
#include "trust/tuf/refusal.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace livepatch::trust::tuf {

// What an envelope says; `Role` is Root, Timestamp, Snapshot or Targets. Does not look at the
// signatures, nor at the clock.
template <class Role>
base::Result<Role> interpret(Envelope const& envelope, std::string_view subject) {
    std::optional<std::string> wrong;
    auto role = Role::read(Fields(envelope.content, "signed", wrong));
    if (wrong)
        return refusal(subject, std::move(*wrong), "its publisher has to mend it");
    return role;
}

// The same once enough of `quorum` have signed it: what nobody signed is not interpreted.
template <class Role>
base::Result<Role> read_signed(Document const& document, Quorum const& quorum, std::size_t limit) {
    auto const envelope = read_envelope(document, limit);
    if (!envelope)
        return envelope.error();
    if (auto good = quorum.check(*envelope, document.subject); !good)
        return good.error();
    return interpret<Role>(*envelope, document.subject);
}

} // namespace livepatch::trust::tuf
