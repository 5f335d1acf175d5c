#include "repository/running_kernel.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "kernel/module_policy.hpp"
#include "kernel/notes.hpp"
#include "repository/installed_kernels.hpp"

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

base::Result<std::vector<std::string>> RunningKernel::installed() const {
    if (auto const there = base::list_directory(root_.modules); !there)
        return there.error();
    return installed_kernels(root_.modules, release_);
}

std::vector<std::string> RunningKernel::others() const {
    auto kernels = installed_kernels(root_.modules, release_);
    kernels.erase(kernels.begin()); // itself
    if (kernels.size() > most_others)
        kernels.resize(most_others);
    return kernels;
}

std::string RunningKernel::signatures_wanted() const {
    return kernel::signatures_wanted(root_);
}

} // namespace livepatch::repository
