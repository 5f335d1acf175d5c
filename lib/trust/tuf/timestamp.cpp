#include "trust/tuf/timestamp.hpp"

namespace livepatch::trust::tuf {

Timestamp Timestamp::read(Fields const& content) {
    return {
        .header = Header::read(content, type),
        .snapshot = Reference::read(content.object("meta").object("snapshot.json"))};
}

} // namespace livepatch::trust::tuf
