#include "engine/health_watch.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::engine {

void HealthWatch::follow(std::vector<std::string> const& patches) {
    std::erase_if(patches_, [&](auto const& known) {
        return std::find(patches.begin(), patches.end(), known.first) == patches.end();
    });
    for (auto const& patch : patches)
        patches_.emplace(patch, Stage::new_here);
    ask();
}

bool HealthWatch::is_cleared(std::string const& patch) {
    auto const found = patches_.find(patch);
    if (!is_wanted() || found == patches_.end())
        return true;
    if (found->second == Stage::watched) {
        found->second = Stage::due;
        ask();
    }
    return found->second == Stage::cleared;
}

void HealthWatch::ask() {
    if (asking_ || !is_wanted())
        return;
    auto const waiting = std::find_if(patches_.begin(), patches_.end(), [](auto const& patch) {
        return patch.second == Stage::new_here || patch.second == Stage::due;
    });
    if (waiting == patches_.end())
        return;
    asking_ = true;
    auto& stage = waiting->second;
    stage = stage == Stage::new_here ? Stage::asked_first : Stage::asked_last;
    check_->run(
        waiting->first,
        [this, patch = waiting->first](base::Result<HealthCheck::Verdict> const& verdict) {
            asking_ = false;
            answered(patch, verdict);
            ask();
        }
    );
}

// One that has left and come again meanwhile is asked after anew: this was about the one before.
void HealthWatch::answered(
    std::string const& patch, base::Result<HealthCheck::Verdict> const& verdict
) {
    auto const found = patches_.find(patch);
    if (found == patches_.end() ||
        (found->second != Stage::asked_first && found->second != Stage::asked_last))
        return;
    found->second = found->second == Stage::asked_first ? Stage::watched : Stage::cleared;
    told_(patch, verdict);
}

} // namespace livepatch::engine
