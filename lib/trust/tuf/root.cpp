#include "trust/tuf/root.hpp"

namespace livepatch::trust::tuf {

Root Root::read(Fields const& content) {
    auto const keys = read_keys(content);
    auto const roles = content.object("roles");
    auto const quorum = [&](char const* role) { return Quorum(roles.object(role), keys); };
    return {
        .header = Header::read(content, type),
        .consistent_snapshot = content.flag("consistent_snapshot", false),
        .root = quorum("root"),
        .timestamp = quorum("timestamp"),
        .snapshot = quorum("snapshot"),
        .targets = quorum("targets")};
}

} // namespace livepatch::trust::tuf
