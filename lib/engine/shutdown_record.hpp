// That a boot ended as it should: what was on probation then did not bring the machine down.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>

namespace livepatch::engine {

// A file of its own beside state.json: it is written when the daemon is gone already, and says
// nothing but in which boot. Blocks on the disk.
class ShutdownRecord {
public:
    ShutdownRecord() = default; // nothing is recorded
    explicit ShutdownRecord(std::filesystem::path const& directory);

    // Survives a power cut right after it.
    base::Result<void> write(std::string const& boot_id) const;

    std::string boot_id() const; // of the last boot that ended so; "" = none is known

    // The machine goes on: a shutdown was called off.
    void erase() const;

private:
    std::filesystem::path path_;
};

} // namespace livepatch::engine
