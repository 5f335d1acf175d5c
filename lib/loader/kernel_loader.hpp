// The loader that changes the kernel it runs on.
#pragma once

#include "kernel/root.hpp"
#include "loader/loader.hpp"

#include <string>

namespace livepatch::loader {

class KernelLoader : public Loader {
public:
    // Modules are loaded into this very kernel whatever the root; it says where /sys is to be read
    // and written.
    explicit KernelLoader(kernel::Root root);

    base::Result<LoadedPatch> load(trust::VerifiedPatch const& patch) override;
    base::Result<void> disable(std::string const& name) override;
    base::Result<void> enable(std::string const& name) override;
    base::Result<void> remove(std::string const& name) override;

private:
    base::Result<void> set_enabled(std::string const& name, bool value);

    kernel::Root root_;
};

} // namespace livepatch::loader
