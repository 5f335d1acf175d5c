#include "lpctl/session.hpp"

#include "lpctl/blocker_list.hpp"
#include "lpctl/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace livepatch::lpctl {

namespace {

using Kind = dbus_client::CallError::Kind;

bool interactive(Context const& context, ChangeOptions const& options) {
    return options.may_ask && context.can_ask;
}

// "khugepaged (34), nginx (1234) and 3 more"
std::string first_of(BlockerList const& list) {
    constexpr std::size_t most = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, list.tasks.size()); ++i)
        text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", list.tasks[i].comm, list.tasks[i].tid);
    if (list.tasks.size() > most)
        text += fmt::format(" and {} more", list.tasks.size() - most);
    return text;
}

} // namespace

Session::Session(
    Context& context,
    ChangeOptions const& options,
    Goal goal,
    kernel::LivepatchTree tree,
    kernel::Observation before,
    dbus_client::Daemon daemon
)
    : context_(context),
      options_(options),
      goal_(goal),
      tree_(std::move(tree)),
      before_(std::move(before)),
      daemon_(std::move(daemon)),
      progress_(context.err, context.err_terminal),
      results_(context, options.json) {}

Outcome<std::unique_ptr<Session>>
Session::open(Context& context, ChangeOptions const& options, Goal goal) {
    auto const kernel = kernel::identify(context.root);
    if (!kernel)
        return Failure(kernel.error());
    if (!kernel->livepatch)
        return Failure(base::Error{
            .code = base::Errc::unsupported,
            .subject = "kernel " + kernel->release,
            .cause = "cannot be livepatched",
            .remedy = "boot a kernel with CONFIG_LIVEPATCH=y"});
    auto daemon = dbus_client::Daemon::reach(context.bus_address, context.patience.changing);
    if (!daemon)
        return Failure(daemon.error());
    if (auto const alive = daemon->ping(context.patience.changing); !alive)
        return Failure(alive.error());
    kernel::LivepatchTree tree(context.root);
    auto before = tree.observe();
    if (!before)
        return Failure(before.error());
    std::unique_ptr<Session> session(
        new Session(context, options, goal, std::move(tree), *std::move(before), std::move(*daemon))
    );
    if (interactive(context, options) && !context.is_root)
        session->agent_.start();
    return session;
}

dbus_client::Change Session::change() const {
    return {
        .interactive = interactive(context_, options_),
        .reason = options_.reason,
        .dry_run = options_.dry_run,
        .replace_unmanaged = options_.replace_unmanaged};
}

dbus_client::Waiting Session::waiting(std::string const& name_or_id) {
    return waiting(1, name_or_id);
}

dbus_client::Waiting Session::waiting_for_all(std::size_t patches) {
    return waiting(std::max<std::size_t>(patches, 1), {});
}

dbus_client::Waiting Session::waiting(std::size_t patches, std::string const& name_or_id) {
    dbus_client::Waiting waiting{.limit = context_.patience.prompt};
    if (options_.wait) {
        waiting.limit = options_.timeout;
        if (waiting.limit)
            *waiting.limit *= static_cast<std::int64_t>(patches);
        if (waiting.limit && change().interactive)
            *waiting.limit += context_.patience.prompt;
    }
    // Somebody may be typing a password into this terminal, so nothing is drawn before the kernel
    // has begun with it.
    auto const start = Clock::now();
    waiting.tick = [this, start, name_or_id] {
        if (Interrupt::signal() != 0)
            return false;
        auto const elapsed = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - start);
        if (!options_.dry_run && options_.wait)
            show_transition(module_of(name_or_id), elapsed);
        return true;
    };
    return waiting;
}

void Session::show_transition(std::string const& module, std::chrono::milliseconds elapsed) {
    auto const observed = tree_.observe();
    auto const* moving = observed ? observed->transition() : nullptr;
    if (moving != nullptr && (module.empty() || moving->name == module))
        progress_.show({moving->name, moving->state, std::nullopt, elapsed});
}

// What is left of the time to wait. A password that was typed is not the kernel's time.
std::optional<std::chrono::milliseconds> Session::left_of_timeout(Clock::time_point asked) const {
    if (!options_.timeout || interactive(context_, options_))
        return options_.timeout;
    auto const spent = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - asked);
    return std::max(std::chrono::milliseconds(0), *options_.timeout - spent);
}

View const& Session::known() {
    if (!known_) {
        auto view = read_view(context_, true);
        known_ = view ? *std::move(view) : View();
    }
    return *known_;
}

std::string Session::module_of(std::string const& name_or_id) {
    if (name_or_id.empty() || before_.find(name_or_id) != nullptr)
        return name_or_id;
    auto const* patch = known().find(name_or_id);
    return patch == nullptr ? name_or_id : patch->name;
}

base::PatchState Session::state_before(std::string const& module) const {
    return state_in(before_, module);
}

base::PatchState Session::state_now(std::string const& module) {
    auto const observed = tree_.observe();
    return observed ? state_in(*observed, module) : base::PatchState::absent;
}

bool Session::as_wanted(base::PatchState state) const {
    return state == (goal_ == Goal::applied ? base::PatchState::enabled : base::PatchState::absent);
}

void Session::tell_without_waiting(std::string const& module, Clock::time_point asked) {
    auto const state = state_now(module);
    auto const elapsed = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - asked);
    auto change = Change::started;
    if (as_wanted(state_before(module)) && as_wanted(state))
        change = Change::already;
    else if (options_.dry_run)
        change = goal_ == Goal::applied ? Change::would_apply : Change::would_revert;
    results_.add({module, state, change, elapsed});
}

bool Session::accepted(
    std::vector<std::string> const& modules, Clock::time_point asked, bool queued
) {
    if (options_.dry_run || !options_.wait) {
        for (auto const& module : modules)
            tell_without_waiting(module, asked);
        return true;
    }
    std::vector<Follower> patches;
    for (auto const& module : modules)
        patches.emplace_back(module, goal_, asked, queued);
    // A queue of patches has been waited for already, all but its last one's transition.
    auto const limit = queued ? options_.timeout : left_of_timeout(asked);
    auto const ending = follow(context_, tree_, daemon_, progress_, patches, limit);
    progress_.clear();
    bool all_well = true;
    for (auto const& patch : patches)
        all_well &= tell(patch, ending);
    return all_well;
}

bool Session::tell(Follower const& patch, Outcome<Ending> const& ending) {
    PatchResult result{patch.name(), patch.state(), Change::failed, patch.elapsed()};
    if (patch.verdict() == Verdict::done || patch.verdict() == Verdict::stays_loaded) {
        result.change = goal_ == Goal::applied ? Change::applied : Change::reverted;
        if (as_wanted(state_before(patch.name())) && !patch.moved())
            result.change = Change::already;
        results_.add(std::move(result));
        return true;
    }
    if (patch.verdict() == Verdict::failed)
        results_.add_failure(std::move(result), reversed(patch));
    else if (!ending)
        results_.add_failure(std::move(result), ending.error());
    else {
        result.change = Change::still_going_on;
        results_.add_failure(std::move(result), why_not_arrived(patch, *ending));
    }
    return false;
}

Failure Session::why_not_arrived(Follower const& patch, Ending ending) {
    return ending == Ending::interrupted ? interrupted(patch.name()) : still_going_on(patch);
}

Failure Session::reversed(Follower const& patch) {
    auto const* what = goal_ == Goal::applied ? "not applied" : "not reverted";
    auto cause = fmt::format("{}: it is {} now", what, base::name(patch.state()));
    auto const properties = daemon_.patch_properties(patch.name(), context_.patience.reading);
    if (properties)
        if (auto const reason = properties->get<std::string>("Reason"); !reason.empty())
            cause += " (" + reason + ")";
    return base::Error{
        .code = base::Errc::failed,
        .subject = patch.name(),
        .cause = std::move(cause),
        .remedy = "see 'lpctl show " + patch.name() + "' and the journal of livepatchd"};
}

Failure Session::still_going_on(Follower const& patch) {
    auto cause =
        fmt::format("still {} after {}", base::name(patch.state()), duration_text(patch.elapsed()));
    report::PatchReport moving;
    moving.name = patch.name();
    moving.state = patch.state();
    if (base::in_transition(moving.state))
        if (auto const list = list_blockers(context_, &daemon_, moving);
            list && !list->tasks.empty())
            cause += "; it waits for " + first_of(*list);
    return base::Error{
        .code = base::Errc::stalled,
        .subject = patch.name(),
        .cause = std::move(cause),
        .remedy = "the operation goes on: see 'lpctl blockers'"};
}

Failure Session::interrupted(std::string const& module) const {
    auto error = base::Error{
        .subject = module,
        .cause = "not waited for any longer",
        .remedy = "the operation goes on: see 'lpctl status'"};
    return {std::move(error), 128 + Interrupt::signal(), "Interrupted"};
}

bool Session::not_accepted(
    std::string const& name_or_id, Clock::time_point asked, dbus_client::CallError error
) {
    progress_.clear();
    auto const module = module_of(name_or_id);
    auto const state = state_now(module);
    bool const begun =
        base::in_transition(state) || (as_wanted(state) && !as_wanted(state_before(module)));
    if (error.kind == Kind::unreachable && begun && !name_or_id.empty()) {
        context_.err << "lpctl: livepatchd went away; the kernel goes on by itself\n";
        return accepted({module}, asked, false);
    }
    refused(name_or_id, asked, std::move(error));
    return false;
}

void Session::done(std::string const& name_or_id, Clock::time_point asked, lpctl::Change change) {
    auto const module = module_of(name_or_id);
    auto const elapsed = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - asked);
    results_.add({module, state_now(module), change, elapsed});
}

void Session::refused(
    std::string const& name_or_id, Clock::time_point asked, dbus_client::CallError error
) {
    bool const unknown = error.kind == Kind::refused && error.error.code == base::Errc::not_found;
    if (unknown && known().find(name_or_id) == nullptr)
        error.error.remedy = suggestion(known(), name_or_id);
    auto failure = error.kind == Kind::interrupted ? interrupted(name_or_id) : Failure(error);
    auto const elapsed = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - asked);
    auto const module = module_of(name_or_id);
    if (name_or_id.empty())
        results_.add_failure(std::move(failure));
    else
        results_.add_failure(
            {module, state_now(module), lpctl::Change::failed, elapsed}, std::move(failure)
        );
}

} // namespace livepatch::lpctl
