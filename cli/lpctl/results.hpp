// What became of the patches that a verb was to change: printed line by line for a person, as one
// object for a program.
#pragma once

#include "base/patch_state.hpp"
#include "lpctl/context.hpp"
#include "lpctl/failure.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::lpctl {

enum class Change {
    applied,
    reverted, // with the state "disabled": its module stays loaded, without effect
    already,  // was as wanted
    started,  // accepted and not waited for
    held,
    unheld,
    would_apply,    // dry run
    would_revert,   // dry run
    failed,         // refused, or it went the other way
    still_going_on, // not waited for any longer
};

struct PatchResult {
    std::string name;
    base::PatchState state = base::PatchState::absent;
    Change change = Change::failed;
    std::chrono::milliseconds elapsed{0};
};

class Results {
public:
    Results(Context& context, bool json) : context_(context), json_(json) {}

    void add(PatchResult result);
    void add_failure(PatchResult result, Failure failure);
    void add_failure(Failure failure); // of no patch in particular

    // The exit status is the first failure's. JSON:
    // {"schema":1,"patches":[{"name","state","result", "elapsed_ms"}]}; with a failure the error
    // object, and the patches in its details.
    Outcome<int> finish();

private:
    Context& context_;
    bool json_;
    std::vector<PatchResult> results_ = {};
    std::optional<Failure> failure_ = {};
};

std::string result_text(PatchResult const& result);

} // namespace livepatch::lpctl
