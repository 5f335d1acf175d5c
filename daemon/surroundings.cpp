#include "surroundings.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <stdexcept>
#include <utility>

namespace livepatch::daemon {

kernel::Identity Surroundings::identity() const {
    auto identity = kernel::identify(root);
    if (!identity)
        throw std::runtime_error(describe(identity.error()));
    return std::move(identity).value();
}

std::vector<std::filesystem::path> Surroundings::crash_records() const {
    return {root.sys / "fs/pstore", saved_crashes};
}

repository::Host Surroundings::host() const {
    return {.machine_id = read_machine_id(), .trust_state = trust_state(), .resets = resets()};
}

std::string Surroundings::read_machine_id() const {
    auto const text = base::read_file(machine_id);
    return text ? std::string(base::trimmed(*text)) : std::string();
}

} // namespace livepatch::daemon
