// A kernel that does what livepatching does, in a FakeKernelTree, as told: stalls, refusals, other
// tools. For breadth and faults; only the VM proves anything about the real one.
#pragma once

#include "loader/loader.hpp"
#include "support/fake_kernel_tree.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace livepatch::support {

// Any thread may call any of it.
class EmulatedKernel : public loader::Loader {
public:
    explicit EmulatedKernel(FakeKernelTree& tree);

    // Goes on with what the tree shows, as after the end of the process that had the kernel before.
    // What had been told to it is forgotten, and kernels before 6.11 do not say what replaces.
    void adopt();

    base::Result<loader::LoadedPatch> load(trust::VerifiedPatch const& patch) override;
    base::Result<void> disable(std::string const& name) override;
    base::Result<void> enable(std::string const& name) override;
    base::Result<void> remove(std::string const& name) override;

    // The transition of this patch does not end by itself, in either direction, until released.
    void stall(std::string const& name);
    void release(std::string const& name);
    // The next loads of this patch fail; nothing = they succeed again.
    void refuse(std::string const& name, std::optional<base::Error> error);
    void make_permanent(std::string const& name); // has no exit function
    // Stays referenced once it is disabled, as a forced patch does.
    void pin(std::string const& name);
    void show_replace(); // as kernels from 6.11 on

    // Another tool.
    void foreign_load(std::string const& name, bool replace = false);
    void foreign_disable(std::string const& name);
    void foreign_remove(std::string const& name);

    // Ends the transition that runs, unless it stalls. Until then it lasts.
    void finish_transition();

    void reboot(); // nothing is loaded any more

    // How often a change was wanted of it, by way of the loader, while another one ran.
    int overlaps() const;

    std::vector<std::string> calls() const; // "load NAME", "disable NAME", … as they came

private:
    struct Patch {
        bool enabled = true;
        bool transition = true;
        bool replace = false;
        bool live = true; // has a directory below /sys/kernel/livepatch
        std::string build_id;
        std::vector<FakeObject> objects;
    };

    bool in_transition() const;
    base::Result<void> write_for_us(std::string const& name, bool value);
    void insert(std::string const& name, Patch patch);
    base::Result<void> write_enabled(std::string const& name, bool value);
    void show(std::string const& name, Patch const& patch);
    void end(std::string const& name, Patch& patch);
    void retire(std::string const& name, Patch& patch);

    mutable std::mutex mutex_;
    FakeKernelTree& tree_;
    std::map<std::string, Patch> patches_;
    std::set<std::string> stalled_;
    std::set<std::string> permanent_;
    std::set<std::string> pinned_;
    bool shows_replace_ = false;
    std::map<std::string, base::Error> refusals_;
    std::vector<std::string> calls_;
    int overlaps_ = 0;
};

} // namespace livepatch::support
