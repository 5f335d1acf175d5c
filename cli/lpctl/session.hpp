// Everything that apply and revert share: reaching the daemon, asking it, waiting, and telling.
#pragma once

#include "dbus_client/daemon.hpp"
#include "kernel/livepatch_tree.hpp"
#include "lpctl/following.hpp"
#include "lpctl/interrupt.hpp"
#include "lpctl/password_agent.hpp"
#include "lpctl/progress.hpp"
#include "lpctl/reading.hpp"
#include "lpctl/results.hpp"
#include "lpctl/verbs.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::lpctl {

class Session {
public:
    using Clock = std::chrono::steady_clock;

    // Fails when this kernel cannot be livepatched or the daemon does not answer.
    static Outcome<std::unique_ptr<Session>>
    open(Context& context, ChangeOptions const& options, Goal goal);

    dbus_client::Daemon& daemon() { return daemon_; }

    // What was there when somebody first asked for it: all that is known of all patches, which
    // takes longer to read than the kernel takes to load a module.
    View const& known();
    // The module of a patch that is named by its module or its id.
    std::string module_of(std::string const& name_or_id);

    dbus_client::Change change() const;
    // For a call about this patch; its transition is drawn while the daemon has not answered.
    dbus_client::Waiting waiting(std::string const& name_or_id);
    // For a call that is answered when so many patches have been accepted, one after the other:
    // each has the time of one, and whatever moves is drawn.
    dbus_client::Waiting waiting_for_all(std::size_t patches);

    // The daemon has accepted: waits (unless told not to) and tells what became of them. False when
    // one of them failed. `queued` as in Follower; `asked` is when.
    bool accepted(std::vector<std::string> const& modules, Clock::time_point asked, bool queued);
    // The daemon gave no answer or a bad one. False, except when it went away after it had begun.
    bool not_accepted(
        std::string const& name_or_id, Clock::time_point asked, dbus_client::CallError error
    );

    // What is done at once, when the daemon has answered.
    void done(std::string const& name_or_id, Clock::time_point asked, lpctl::Change change);
    // The daemon did not do it.
    void
    refused(std::string const& name_or_id, Clock::time_point asked, dbus_client::CallError error);

    Outcome<int> finish() { return results_.finish(); }

private:
    Session(
        Context& context,
        ChangeOptions const& options,
        Goal goal,
        kernel::LivepatchTree tree,
        kernel::Observation before,
        dbus_client::Daemon daemon
    );

    dbus_client::Waiting waiting(std::size_t patches, std::string const& name_or_id);
    void show_transition(std::string const& module, std::chrono::milliseconds elapsed);
    std::optional<std::chrono::milliseconds> left_of_timeout(Clock::time_point asked) const;
    base::PatchState state_before(std::string const& module) const;
    base::PatchState state_now(std::string const& module);
    bool as_wanted(base::PatchState state) const;
    void tell_without_waiting(std::string const& module, Clock::time_point asked);
    bool tell(Follower const& patch, Outcome<Ending> const& ending);
    Failure why_not_arrived(Follower const& patch, Ending ending);
    Failure reversed(Follower const& patch);
    Failure still_going_on(Follower const& patch);
    Failure interrupted(std::string const& module) const;

    Context& context_;
    ChangeOptions const& options_;
    Goal goal_;
    kernel::LivepatchTree tree_;
    kernel::Observation before_; // the kernel, when nothing had been asked for
    std::optional<View> known_;
    dbus_client::Daemon daemon_;
    Interrupt interrupt_;
    PasswordAgent agent_;
    Progress progress_;
    Results results_;
};

} // namespace livepatch::lpctl
