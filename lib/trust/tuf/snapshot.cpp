#include "trust/tuf/snapshot.hpp"

namespace livepatch::trust::tuf {

Snapshot Snapshot::read(Fields const& content) {
    Snapshot snapshot{.header = Header::read(content, type), .files = {}};
    auto const meta = content.object("meta");
    meta.each_member([&](std::string const& name, Fields const& entry) {
        snapshot.files.emplace(name, Reference::read(entry));
    });
    if (snapshot.find("targets") == nullptr)
        meta.refuse("targets.json", "there");
    return snapshot;
}

Reference const* Snapshot::find(std::string const& role) const {
    auto const found = files.find(role + ".json");
    return found == files.end() ? nullptr : &found->second;
}

} // namespace livepatch::trust::tuf
