// What the engine tells: events with all that is known about them.
#include "engine/engine.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace livepatch::engine {

namespace {

using report::EventKind;

std::string in_a_line(kernel::Blocker const& blocker) {
    auto const& task = blocker.task;
    auto text =
        task.comm + '[' + std::to_string(task.tid) + "]: " + std::string(name(blocker.kind));
    return blocker.function.empty() ? text : text + " in " + blocker.function;
}

bool is_rejected(repository::Offer const& offer) {
    // A module for another kernel is no fault: a directory may serve several. Nor is one that is
    // not mirrored, as nobody needs it. What was taken back, and what is wrong with a whole source,
    // is told of that.
    using base::Errc;
    constexpr std::array untold{Errc::wrong_kernel, Errc::not_found, Errc::withdrawn};
    return offer.refused && !offer.source_failed &&
           std::find(untold.begin(), untold.end(), offer.refused->code) == untold.end();
}

// What is wrong with sources, and not only with one of their patches.
std::set<std::string> failures_of_sources(repository::Catalogue const& catalogue) {
    std::set<std::string> words;
    for (auto const& problem : catalogue.problems)
        words.insert(describe(problem));
    for (auto const& offer : catalogue.offers)
        if (offer.refused && !offer.source_failed)
            words.erase(describe(*offer.refused));
    return words;
}

} // namespace

void Engine::tell_rejected(repository::Catalogue const& before) {
    std::set<std::string> known;
    for (auto const& offer : before.offers)
        if (is_rejected(offer))
            known.insert(describe(*offer.refused));
    std::vector<report::Event> events;
    for (auto const& offer : catalogue_.offers)
        if (is_rejected(offer) && known.insert(describe(*offer.refused)).second)
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

// What is loaded, and taken back since.
void Engine::tell_withdrawn(repository::Catalogue const& before) {
    auto const now = world();
    for (auto const& patch : observed_.patches) {
        auto const* record = now.ours(patch.name);
        auto const* withdrawal = record == nullptr ? nullptr : now.taken_back(record->sha256);
        if (withdrawal == nullptr || before.taken_back.contains(record->sha256))
            continue;
        auto const why = withdrawal->reason.empty() ? std::string() : ": " + withdrawal->reason;
        tell(
            EventKind::withdrawn,
            patch.name,
            "its publisher took it back" + why +
                (now.is_to_leave(record->sha256) ? "; it is taken out" : "; it stays loaded")
        );
    }
}

// What is wrong with the sources, when it becomes so and when it is over.
void Engine::tell_sources(repository::Catalogue const& before) {
    auto const was = failures_of_sources(before);
    auto const is = failures_of_sources(catalogue_);
    std::vector<report::Event> events;
    auto const add = [&](EventKind kind, std::string const& words) {
        events.push_back(
            {.kind = kind,
             .time = parts_.clock.wall(),
             .patch = {},
             .id = {},
             .sha256 = {},
             .message = words}
        );
    };
    for (auto const& words : is)
        if (!was.contains(words))
            add(EventKind::source_failed, words);
    for (auto const& words : was)
        if (!is.contains(words))
            add(EventKind::source_recovered, "over: " + words);
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

// Somebody asked for it; also when it is not about one patch (`name` is empty then).
report::Event Engine::asked(
    EventKind kind, std::string const& name, std::string const& message, Options const& options
) const {
    auto asked = event(kind, name, message);
    if (name.empty())
        asked.message = message;
    asked.trigger = report::Trigger::request;
    asked.caller = options.caller;
    asked.reason = options.reason;
    return asked;
}

void Engine::tell_when_saved(
    EventKind kind, std::string const& name, std::string const& message, Options const& options
) {
    keeper_.save_with_next([this, event = asked(kind, name, message, options)](auto const&) {
        tell({event});
    });
}

report::Event Engine::complete(report::Event event) const {
    event.boot_id = parts_.identity.boot_id;
    event.kernel_release = parts_.identity.release;
    describe_patch(event);
    if (event.kind == EventKind::foreign_change)
        event.trigger = report::Trigger::other_tool;
    // What was replaced was so by whoever had the other one loaded.
    auto const* record = keeper_.state().find_load(event.patch, parts_.identity.boot_id);
    bool const replaced = event.kind == EventKind::replaced && record != nullptr;
    if (event.kind != EventKind::rejected)
        courses_.complete(event, replaced ? record->replaced_by : event.patch);
    return event;
}

// As we recorded it, else by its digest from whoever offers it, else as the kernel shows it.
void Engine::describe_patch(report::Event& event) const {
    auto const know = [](std::string& field, std::string const& value) {
        if (field.empty())
            field = value;
    };
    auto const* record = keeper_.state().find_load(event.patch, parts_.identity.boot_id);
    if (record != nullptr && record->sha256 == event.sha256) {
        know(event.signer, record->signer);
        know(event.source, record->source);
    }
    if (auto const* offer = catalogue_.find_digest(event.sha256);
        offer != nullptr && !event.sha256.empty()) {
        know(event.version, offer->version);
        know(event.version, offer->module.version);
        know(event.signer, offer->signer);
        know(event.source, offer->source);
    } else if (auto const* observed = observed_.find(event.patch)) {
        know(event.version, observed->version);
    }
}

void Engine::note_blockers() {
    auto const* patch = observed_.transition();
    auto const* scan = blockers_.newest();
    if (patch == nullptr || scan == nullptr)
        return;
    std::vector<std::string> lines;
    for (auto const& task : scan->tasks) {
        if (lines.size() == Courses::most_blockers)
            break;
        lines.push_back(in_a_line(kernel::explain(task, patch->objects)));
    }
    courses_.blocked(patch->name, lines);
}

} // namespace livepatch::engine
