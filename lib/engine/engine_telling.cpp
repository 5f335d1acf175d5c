// The half of Engine that tells: the report, what an admin should know, and events.
#include "engine/crash_guard.hpp"
#include "engine/engine.hpp"

#include <chrono>
#include <set>
#include <utility>

namespace livepatch::engine {

namespace {

using namespace std::chrono_literals;

using report::EventKind;

// How old an observation may be when somebody asks for the truth: asking twenty properties at once
// is one look.
constexpr auto fresh_enough = 10ms;

bool is_rejected(repository::Offer const& offer) {
    // A module for another kernel is no fault: a directory may serve several.
    return offer.refused && offer.refused->code != base::Errc::wrong_kernel;
}

} // namespace

report::Report const& Engine::report() {
    bool const fresh = looked_at_ && parts_.clock.now() - *looked_at_ <= fresh_enough;
    if (!fresh && !publishing_ && without_looking_ == 0) {
        look();
        if (publish() || unsaved_)
            wake(); // there may be something to do about it
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

void Engine::tell_rejected(repository::Catalogue const& before) {
    std::set<std::string> known;
    for (auto const& offer : before.offers)
        if (is_rejected(offer))
            known.insert(describe(*offer.refused));
    std::vector<report::Event> events;
    for (auto const& offer : catalogue_.offers)
        if (is_rejected(offer) && !known.contains(describe(*offer.refused)))
            events.push_back(
                {.kind = EventKind::rejected,
                 .time = parts_.clock.wall(),
                 .patch = offer.name(),
                 .id = offer.id,
                 .sha256 = offer.sha256,
                 .message = describe(*offer.refused)}
            );
    tell(events);
}

report::Event
Engine::event(EventKind kind, std::string const& name, std::string const& message) const {
    report::Event event{
        .kind = kind,
        .time = parts_.clock.wall(),
        .patch = name,
        .id = {},
        .sha256 = {},
        .message = name + ": " + message};
    auto const* record = keeper_.state().find_load(name, parts_.identity.boot_id);
    if (record != nullptr) {
        event.id = record->id;
        event.sha256 = record->sha256;
    }
    return event;
}

void Engine::tell(EventKind kind, std::string const& name, std::string const& message) const {
    tell({event(kind, name, message)});
}

// After a load that failed there is no record of it; one of another version may stand there.
void Engine::tell_failed(
    EventKind kind, ActionRunner::Outcome const& outcome, std::string const& message
) const {
    auto failed = event(kind, outcome.action.name, message + ": " + describe(*outcome.error));
    failed.kernel_log = outcome.error->kernel_log;
    if (outcome.action.kind == Action::Kind::load) {
        failed.id = outcome.id;
        failed.sha256 = outcome.sha256;
    }
    tell({std::move(failed)});
}

void Engine::tell(std::vector<report::Event> const& events) const {
    for (auto const& event : events)
        if (on_event_)
            on_event_(complete(event));
}

} // namespace livepatch::engine
