#include "trust/tuf/reference.hpp"

namespace livepatch::trust::tuf {

Reference Reference::read(Fields const& entry) {
    Reference reference;
    reference.version = entry.number("version", 1);
    if (entry.has("length"))
        reference.content.length = entry.number("length", 1);
    if (entry.has("hashes"))
        reference.content.hashes = Hashes::read(entry.object("hashes"));
    return reference;
}

} // namespace livepatch::trust::tuf
