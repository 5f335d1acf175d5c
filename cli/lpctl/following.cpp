#include "lpctl/following.hpp"

#include "lpctl/interrupt.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

namespace livepatch::lpctl {

namespace {

using Clock = std::chrono::steady_clock;

// Sysfs does not tell when something changes. Most transitions last a second or two, and whoever
// waits for one wants to go on when it ends; a long one is not missed by a moment.
constexpr std::chrono::milliseconds poll_period{20};
constexpr std::chrono::milliseconds patient_poll_period{100};
constexpr std::chrono::seconds patient_after{10};
constexpr int glances = 5; // a period
constexpr std::chrono::seconds ask_period{1};

// What the daemon knows about the patch that everybody waits for; it counts once a second itself.
class DaemonsWord {
public:
    DaemonsWord(dbus_client::Daemon& daemon, std::chrono::milliseconds patience)
        : daemon_(daemon),
          patience_(patience) {}

    void ask(std::string const& module, Clock::time_point now);

    bool gone() const { return gone_; }

    std::optional<std::uint32_t> tasks(base::PatchState state) const;
    bool refuses() const;

private:
    dbus_client::Daemon& daemon_;
    std::chrono::milliseconds patience_;
    bool gone_ = false;
    int silent_ = 0;
    Clock::time_point asked_ = {};
    std::optional<dbus_client::Dictionary> properties_;
};

void DaemonsWord::ask(std::string const& module, Clock::time_point now) {
    if (gone_ || silent_ > 1 || now - asked_ < ask_period)
        return;
    asked_ = now;
    properties_.reset();
    auto answer = daemon_.patch_properties(module, patience_);
    if (answer) {
        silent_ = 0;
        properties_ = *std::move(answer);
        return;
    }
    // One that does not answer twice would slow down every look that follows.
    silent_ += answer.error().kind == dbus_client::CallError::Kind::timed_out ? 1 : 0;
    gone_ = answer.error().kind == dbus_client::CallError::Kind::unreachable;
}

std::optional<std::uint32_t> DaemonsWord::tasks(base::PatchState state) const {
    if (!properties_ || properties_->get<std::string>("State") != base::name(state))
        return std::nullopt;
    return static_cast<std::uint32_t>(properties_->get<std::uint64_t>("TasksRemaining"));
}

bool DaemonsWord::refuses() const {
    static constexpr std::array<std::string_view, 4> final{
        "quarantined", "withdrawn", "held", "rejected"};
    return properties_ &&
           std::ranges::find(final, properties_->get<std::string>("Disposition")) != final.end();
}

// The one that moves, else the first that nothing is known about yet.
Follower* foremost(std::vector<Follower>& patches) {
    auto const waits = [](Follower const& patch) { return patch.verdict() == Verdict::waiting; };
    auto found = std::ranges::find_if(patches, [&](Follower const& patch) {
        return waits(patch) && base::in_transition(patch.state());
    });
    if (found == patches.end())
        found = std::ranges::find_if(patches, waits);
    return found == patches.end() ? nullptr : &*found;
}

// Until it is time to look again, or there is something new about the patch that moves.
void pause(kernel::LivepatchTree const& tree, std::string const& patch, Clock::duration waited) {
    auto const period = waited < patient_after ? poll_period : patient_poll_period;
    ::timespec const time = {
        .tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(period).count() / glances};
    auto const before = tree.in_transition(patch);
    for (int i = 0; i < glances && tree.in_transition(patch) == before; ++i)
        if (::nanosleep(&time, nullptr) != 0) // a signal ends it
            return;
}

} // namespace

base::PatchState state_in(kernel::Observation const& observation, std::string_view name) {
    auto const* patch = observation.find(name);
    return patch == nullptr ? base::PatchState::absent : patch->state;
}

Outcome<Ending> follow(
    Context const& context,
    kernel::LivepatchTree& tree,
    dbus_client::Daemon& daemon,
    Progress& progress,
    std::vector<Follower>& patches,
    std::optional<std::chrono::milliseconds> limit
) {
    DaemonsWord word(daemon, context.patience.look);
    for (auto const start = Clock::now();;) {
        auto const observed = tree.observe();
        if (!observed)
            return Failure(observed.error());
        auto const now = Clock::now();
        for (auto& patch : patches)
            patch.see(state_in(*observed, patch.name()), now);
        auto* current = foremost(patches);
        if (current == nullptr)
            return Ending::settled;
        if (Interrupt::signal() != 0)
            return Ending::interrupted;
        if (limit && now - start >= *limit)
            return Ending::timed_out;
        if (!base::in_transition(current->state()) || now - start >= context.patience.unasked)
            word.ask(current->name(), now);
        if (current->state() == base::PatchState::absent && word.refuses())
            current->give_up();
        if (word.gone())
            for (auto& patch : patches)
                patch.give_up_if_queued();
        auto const tasks = word.tasks(current->state());
        progress.show({current->name(), current->state(), tasks, current->elapsed()});
        pause(tree, current->name(), now - start);
    }
}

} // namespace livepatch::lpctl
