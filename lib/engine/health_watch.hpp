// Who has to be asked after: a patch on probation, as soon as its transition has ended and once
// more before its verdict.
#pragma once

#include "engine/health_check.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace livepatch::engine {

// One question at a time. Belongs to the loop; `check` may be nullptr, and everybody is well then.
class HealthWatch {
public:
    // Told of each answer; of a patch that has left meanwhile there is none.
    using Told =
        std::function<void(std::string const& patch, base::Result<HealthCheck::Verdict> const&)>;

    HealthWatch(HealthCheck* check, Told told) : check_(check), told_(std::move(told)) {}

    // The patches whose transition has ended and that are on probation.
    void follow(std::vector<std::string> const& patches);

    // Whether the host was well after its time; asks when nobody has asked so far. What could not
    // be asked stands in the way of no verdict.
    bool is_cleared(std::string const& patch);

private:
    enum class Stage { new_here, asked_first, watched, due, asked_last, cleared };

    bool is_wanted() const { return check_ != nullptr && check_->is_wanted(); }

    void ask();
    void answered(std::string const& patch, base::Result<HealthCheck::Verdict> const& verdict);

    HealthCheck* check_;
    Told told_;
    std::map<std::string, Stage> patches_;
    bool asking_ = false;
};

} // namespace livepatch::engine
