// Answers what would come of a load, without making one.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/worker.hpp"
#include "kernel/identity.hpp"
#include "preflight/check.hpp"
#include "preflight/preflight.hpp"
#include "repository/offer.hpp"
#include "repository/running_kernel.hpp"
#include "repository/supply.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace livepatch::engine {

// One question at a time, whoever asks: a module is read, and the kernel writes long lists. So all
// that waiting questions hold is a descriptor each. Belongs to the loop; must outlive what it
// queued on the workers.
class Checker {
public:
    struct Parts {
        base::Worker source_worker;  // for modules of sources
        base::Worker check_worker;   // for all else: what anybody hands in may take its time
        repository::Supply& sources; // used on the source worker only
        preflight::Preflight preflight;
        kernel::Identity identity;
    };

    using Done = std::function<void(base::Result<preflight::Verdict>)>;
    // What we ourselves would say to it, at the head of the list; asked on the loop.
    using Policy = std::function<preflight::Checks(preflight::Verdict const&)>;

    struct Patch {
        std::string name;
        std::optional<repository::Offer> offer = {}; // nothing = nobody offers it
        bool enabled = false;
        bool leftover_goes = false;
    };

    explicit Checker(Parts parts);

    void check_host(Policy policy, Done done);
    void check_patch(Patch patch, Policy policy, Done done);
    // invalid_argument when it is no regular file of a local file system: reading others may last
    // for ever. `name` is for people.
    void check_file(base::UniqueFd file, std::string name, Policy policy, Done done);

private:
    struct Question {
        std::optional<Patch> patch = {};
        base::UniqueFd file = {};
        std::string name = {};
        Policy policy;
        Done done;
    };

    void ask(Question question);
    void next();
    void begin();
    void examine_patch(base::Result<trust::VerifiedPatch> verified);
    void answered(base::Result<preflight::Verdict> verdict);

    Parts parts_;
    std::shared_ptr<repository::RunningKernel> kernel_; // used on the check worker only
    std::deque<Question> questions_;                    // the first is being answered
    bool busy_ = false;
};

} // namespace livepatch::engine
