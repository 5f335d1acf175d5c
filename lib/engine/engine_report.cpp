// The half of Engine that reports: how everything is, and what an admin should know.
#include "engine/crash_guard.hpp"
#include "engine/engine.hpp"

#include <chrono>
#include <utility>

namespace livepatch::engine {

namespace {

using namespace std::chrono_literals;

// How old an observation may be when somebody asks for the truth: asking twenty properties at once
// is one look.
constexpr auto fresh_enough = 10ms;

} // namespace

report::Report const& Engine::report() {
    bool const fresh = looked_at_ && parts_.clock.now() - *looked_at_ <= fresh_enough;
    if (!fresh && !publishing_ && without_looking_ == 0) {
        look();
        if (publish() || unsaved_)
            wake();                      // there may be something to do about it
        looked_at_ = parts_.clock.now(); // on a large host the report took longer than that
    }
    return report_;
}

report::Stage Engine::stage() const {
    if (runner_.is_busy())
        return runner_.stage();
    if (observed_.transition() != nullptr)
        return report::Stage::transitioning;
    return reader_.is_reading() ? report::Stage::refreshing : report::Stage::idle;
}

// Whether there was news.
bool Engine::publish() {
    auto report = compose_report(
        world(),
        judgements(),
        {.kernel = parts_.identity,
         .stage = stage(),
         .warnings = warnings(),
         .transition_since = transition_since_,
         .tasks_remaining = blockers_.tasks_remaining()}
    );
    if (report == report_ || publishing_)
        return false;
    report_ = std::move(report);
    publishing_ = true;
    if (on_report_)
        on_report_(report_);
    publishing_ = false;
    return true;
}

std::vector<std::string> Engine::warnings() const {
    std::vector<std::string> warnings;
    if (auto const& manager = parts_.identity.container; !manager.empty())
        warnings.push_back(
            "container: the kernel belongs to the host of this container (" + manager +
            "); nothing is loaded by itself"
        );
    if (switched_off_)
        warnings.push_back("switched-off: " + *switched_off_);
    if (auto const& pause = keeper_.state().pause)
        warnings.push_back("paused: " + pause->reason);
    if (parts_.identity.crash_kernel)
        warnings.emplace_back("crash-kernel: this kernel only saves what a crashed one has left");
    if (keeper_.state().boot_loop)
        warnings.push_back(
            "boot-loop: " + std::to_string(most_unclean_boots) +
            " boots in a row ended without an orderly shutdown while a patch was on probation; "
            "nothing is loaded by itself until: lpctl resume"
        );
    if (obstacle() == "forced")
        warnings.emplace_back(
            "forced: a transition was forced, and nobody knows which task runs which code; nothing "
            "is loaded by itself before a reboot"
        );
    if (!told_stall_.empty())
        warnings.push_back("transition-stalled: " + told_stall_ + "; see: lpctl blockers");
    if (parts_.not_persistent)
        warnings.push_back("state-not-persistent: " + describe(*parts_.not_persistent));
    if (auto const& problem = keeper_.problem())
        warnings.push_back("state-not-persistent: " + describe(*problem));
    for (auto const& [code, complaints] : complaints_)
        for (auto const& words : complaints)
            warnings.push_back(code + ": " + words);
    if (blind_)
        warnings.push_back("kernel-unreadable: " + describe(*blind_));
    if (auto unseen = blockers_.unseen(); !unseen.empty())
        warnings.push_back(std::move(unseen));
    return warnings;
}

} // namespace livepatch::engine
