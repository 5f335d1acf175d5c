#include "trust/tuf/client.hpp"

#include "base/text.hpp"
#include "trust/tuf/file_name.hpp"
#include "trust/tuf/refusal.hpp"
#include "trust/tuf/role_update.hpp"
#include "trust/tuf/root_update.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace livepatch::trust::tuf {

namespace {

constexpr std::chrono::hours clock_tolerance{1};

// With a clock that is slow nothing ever expires.
base::Result<void> check_clock(Memory const& memory, Surroundings const& with) {
    auto const now = with.now;
    if (now < with.earliest) {
        return base::Error{
            .code = base::Errc::expired,
            .subject = "clock",
            .cause = "it says " + base::rfc3339(now) +
                     ", which has long passed: what has expired cannot be told",
            .remedy = "set the clock, or wait until it is synchronised"};
    }
    if (!memory.latest_known || now >= *memory.latest_known - clock_tolerance)
        return {};
    return base::Error{
        .code = base::Errc::expired,
        .subject = "clock",
        .cause = "it says " + base::rfc3339(now) + ", but the last refresh was at " +
                 base::rfc3339(*memory.latest_known) + ": what has expired cannot be told",
        .remedy = "set the clock; if it was wrong before, reset the trust in the repository"};
}

base::Result<void> remember_success(Surroundings const& with) {
    auto memory = with.store.memory();
    memory.last_ok = with.now;
    memory.latest_known = std::max(memory.latest_known.value_or(with.now), with.now);
    return with.store.remember(std::move(memory));
}

// The delegations of one role that are asked for a path, the first one last; `ends` when nobody
// may be asked after them.
struct Asked {
    struct One {
        std::string by; // the role that delegates
        Delegation delegation;
    };

    std::vector<One> ones;
    bool ends = false;
};

Asked who_is_asked(std::string const& role, Targets const& targets, std::string const& path) {
    Asked asked;
    for (auto const& delegation : targets.delegations) {
        if (!delegation.covers(path))
            continue;
        asked.ones.push_back({role, delegation});
        asked.ends = delegation.is_terminating;
        if (asked.ends)
            break;
    }
    std::reverse(asked.ones.begin(), asked.ones.end());
    return asked;
}

} // namespace

base::Result<Client> Client::refreshed(Document anchor, Surroundings with) {
    if (auto good = check_clock(with.store.memory(), with); !good)
        return good.error();
    auto trusted = trusted_root(std::move(anchor), with);
    if (!trusted)
        return trusted.error();
    auto root = update_root(std::move(*trusted), with);
    if (!root)
        return root.error();
    auto timestamp = update_timestamp(*root, with);
    if (!timestamp)
        return timestamp.error();
    auto snapshot = update_snapshot(*root, *timestamp, with);
    if (!snapshot)
        return snapshot.error();
    auto targets = update_targets({"targets", root->targets}, *root, *snapshot, with);
    if (!targets)
        return targets.error();
    if (auto done = remember_success(with); !done)
        return done.error();
    return Client(
        with, std::move(*root), std::move(*timestamp), std::move(*snapshot), std::move(*targets)
    );
}

Client::Client(
    Surroundings with, Root root, Timestamp timestamp, Snapshot snapshot, Targets targets
)
    : with_(with),
      root_(std::move(root)),
      timestamp_(std::move(timestamp)),
      snapshot_(std::move(snapshot)),
      targets_(std::move(targets)) {}

// Depth first, in the order in which each role lists those that it delegates to.
base::Result<Target> Client::find(std::string const& path) {
    if (auto const found = targets_.targets.find(path); found != targets_.targets.end())
        return found->second;
    std::set<std::string> visited;
    auto pending = who_is_asked("targets", targets_, path).ones;
    while (!pending.empty()) {
        auto const next = std::move(pending.back());
        pending.pop_back();
        auto const& name = next.delegation.role;
        if (!visited.insert(name).second)
            continue;
        if (visited.size() > with_.limits.visited_roles) {
            return base::Error{
                .code = base::Errc::limits_exceeded,
                .subject = path,
                .cause = "more than " + std::to_string(with_.limits.visited_roles) +
                         " roles to be asked for it",
                .remedy = "its publisher has to delegate less"};
        }
        auto const answer = delegated(next.by, next.delegation);
        if (!answer)
            return answer.error();
        auto const& role = **answer;
        if (auto const found = role.targets.find(path); found != role.targets.end())
            return found->second;
        auto asked = who_is_asked(name, role, path);
        if (asked.ends)
            pending.clear();
        std::move(asked.ones.begin(), asked.ones.end(), std::back_inserter(pending));
    }
    return base::Error{
        .code = base::Errc::not_found,
        .subject = path,
        .cause = "the repository has no such target",
        .remedy = {}};
}

base::Result<Targets const*> Client::delegated(std::string const& delegator, Delegation const& to) {
    auto const key = std::pair(delegator, to.role);
    if (auto const known = delegated_.find(key); known != delegated_.end())
        return &known->second;
    auto role = update_targets({to.role, to.quorum}, root_, snapshot_, with_);
    if (!role)
        return role.error();
    return &delegated_.emplace(key, std::move(*role)).first->second;
}

base::Result<void> Client::fetch(Target const& target, Source::Sink const& sink) {
    return fetch(target, target.hashes, sink);
}

base::Result<void> Client::fetch_unhashed(Target const& target, Source::Sink const& sink) {
    return fetch(target, Hashes(), sink);
}

base::Result<void>
Client::fetch(Target const& target, Hashes const& hashes, Source::Sink const& sink) {
    auto file = target_file_name(target, root_.consistent_snapshot);
    if (!file)
        return file.error();
    Source::Name const name{Source::Area::targets, std::move(*file)};
    auto const length = static_cast<std::size_t>(target.length);
    auto const subject = with_.source.locate(name);
    ContentCheck check({.length = target.length, .hashes = hashes}, length, subject);
    auto const answer = with_.source.fetch(
        {.name = name, .limit = length, .may_be_unchanged = false},
        [&](std::span<std::byte const> bytes) {
            auto taken = check.append(bytes);
            return taken ? sink(bytes) : taken;
        }
    );
    if (!answer && answer.error().code == base::Errc::not_found) {
        auto error = answer.error();
        error.code = base::Errc::incomplete;
        error.cause = "is not there, though the signed metadata names it";
        error.remedy = "if the repository is being copied, copy timestamp.json last";
        return error;
    }
    if (!answer)
        return answer.error();
    return check.finish();
}

} // namespace livepatch::trust::tuf
