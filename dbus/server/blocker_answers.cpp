#include "dbus_server/blocker_answers.hpp"

#include <utility>

namespace livepatch::dbus_server {

namespace {

// There are as many users as an attacker with a range of subordinate ids wants.
constexpr std::size_t most_answers = 16;

bool may_see(kernel::BlockingTask const& task, Permission const& permission) {
    return permission.allowed || task.kthread || task.uid == permission.user;
}

} // namespace

BlockerAnswers::Answer const&
BlockerAnswers::of(engine::Engine::SharedBlockers const& blockers, Permission const& permission) {
    if (std::exchange(blockers_, blockers) != blockers || answers_.size() >= most_answers)
        answers_.clear();
    auto const user = permission.allowed ? std::nullopt : std::optional(permission.user);
    auto const [place, is_new] = answers_.try_emplace(user);
    if (is_new)
        for (auto const& blocker : blockers->tasks)
            if (may_see(blocker.task, permission))
                place->second.push_back(to_wire(blocker, permission.allowed));
    return place->second;
}

void BlockerAnswers::forget() {
    blockers_.reset();
    answers_.clear();
}

} // namespace livepatch::dbus_server
