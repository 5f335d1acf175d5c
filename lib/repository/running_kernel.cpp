#include "repository/running_kernel.hpp"

#include "base/file.hpp"
#include "kernel/module_policy.hpp"
#include "kernel/notes.hpp"

#include <utility>

namespace livepatch::repository {

RunningKernel::RunningKernel(std::string release, std::string build_id, kernel::Root root)
    : release_(std::move(release)),
      build_id_(std::move(build_id)),
      root_(std::move(root)),
      symbols_(root_, release_) {}

std::string RunningKernel::build_id_of(std::string const& module) const {
    auto const notes =
        base::read_file(root_.sys / "module" / module / "notes/.note.gnu.build-id", 4096);
    return notes ? kernel::build_id(*notes) : std::string();
}

std::string RunningKernel::signatures_wanted() const {
    return kernel::signatures_wanted(root_);
}

} // namespace livepatch::repository
