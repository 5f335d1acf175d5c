#include "lpctl/blocker_list.hpp"

#include "kernel/blocker.hpp"
#include "kernel/livepatch_tree.hpp"
#include "kernel/tasks.hpp"

#include <utility>

namespace livepatch::lpctl {

namespace {

using dbus_client::Dictionary;

Blocker from_dictionary(Dictionary const& task) {
    auto const text = [&](char const* key) { return task.get<std::string>(key); };
    return {
        .pid = task.get<std::uint64_t>("pid"),
        .tid = task.get<std::uint64_t>("tid"),
        .comm = text("comm"),
        .kind = text("kind"),
        .unit = text("unit"),
        .container = text("container"),
        .state = text("state"),
        .wchan = text("wchan"),
        .stack = task.get<std::vector<std::string>>("stack"),
        .function = text("function"),
        .reason = text("class"),
        .advice = text("advice")};
}

Blocker from_task(kernel::Blocker found) {
    auto& task = found.task;
    return {
        .pid = static_cast<std::uint64_t>(task.pid),
        .tid = static_cast<std::uint64_t>(task.tid),
        .comm = std::move(task.comm),
        .kind = task.kthread ? "kthread" : "user",
        .unit = std::move(task.unit),
        .container = std::move(task.container),
        .state = std::string(1, task.state),
        .wchan = std::move(task.wchan),
        .stack = std::move(task.stack),
        .function = std::move(found.function),
        .reason = std::string(kernel::name(found.kind)),
        .advice = std::move(found.advice)};
}

Outcome<BlockerList> scan(Context const& context, report::PatchReport const& patch) {
    int const target = patch.state == base::PatchState::enabling ? 1 : 0;
    auto found = kernel::ProcTaskScanner(context.root).scan(target);
    if (!found)
        return Failure(found.error());
    auto const observed = kernel::LivepatchTree(context.root).observe();
    auto const* live = observed ? observed->find(patch.name) : nullptr;
    std::vector<kernel::ObservedObject> const nothing;
    BlockerList list;
    list.unreadable = found->unreadable;
    for (auto& task : found->tasks)
        list.tasks.push_back(
            from_task(kernel::explain(std::move(task), live == nullptr ? nothing : live->objects))
        );
    return list;
}

} // namespace

Outcome<BlockerList> list_blockers(
    Context const& context, dbus_client::Daemon* daemon, report::PatchReport const& patch
) {
    if (daemon == nullptr)
        return scan(context, patch);
    auto const answer = daemon->blockers(context.patience.reading);
    if (!answer)
        return scan(context, patch);
    BlockerList list{.tasks = {}, .from_daemon = true, .unreadable = 0};
    for (auto const& task : *answer)
        list.tasks.push_back(from_dictionary(task));
    // To whom it may not show everything the daemon shows less than it has counted. (It shows root
    // everything: there fewer are left because some have moved on.)
    if (!context.is_root && patch.transition &&
        patch.transition->tasks_remaining > list.tasks.size())
        list.unreadable = patch.transition->tasks_remaining - list.tasks.size();
    return list;
}

} // namespace livepatch::lpctl
