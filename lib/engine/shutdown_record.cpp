#include "engine/shutdown_record.hpp"

#include "base/atomic_file.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <unistd.h>

namespace livepatch::engine {

ShutdownRecord::ShutdownRecord(std::filesystem::path const& directory)
    : path_(directory / "clean-shutdown") {}

base::Result<void> ShutdownRecord::write(std::string const& boot_id) const {
    return base::replace_file(path_, boot_id + '\n', 0600, base::Durability::power_cut);
}

std::string ShutdownRecord::boot_id() const {
    constexpr std::size_t most = 128;
    if (path_.empty())
        return "";
    auto const text = base::read_file(path_, most);
    return text ? std::string(base::trimmed(*text)) : std::string();
}

void ShutdownRecord::erase() const {
    if (!path_.empty())
        ::unlink(path_.c_str());
}

} // namespace livepatch::engine
