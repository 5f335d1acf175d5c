#include "fetch_request.hpp"

#include "base/atomic_file.hpp"

#include <spdlog/spdlog.h>

namespace livepatch::daemon {

// That it is written is the request; what it says is for who wonders.
void FetchRequest::make() const {
    auto const written = base::replace_file(
        path_, "somebody asked for what is new\n", 0644, base::Durability::until_reboot
    );
    if (!written)
        spdlog::warn("nobody is asked to fetch what is new: {}", describe(written.error()));
}

} // namespace livepatch::daemon
