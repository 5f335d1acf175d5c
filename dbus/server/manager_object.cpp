#include "dbus_server/manager_object.hpp"

#include "base/text.hpp"
#include "dbus_server/who.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace livepatch::dbus_server {

namespace {

constexpr auto manager_path = "/org/livepatchd1";

base::Error not_authorized(char const* action, Permission const& permission) {
    return {
        .code = base::Errc::not_authorized,
        .subject = action,
        .cause = permission.obstacle.empty() ? "not authorised"
                                             : "not authorised, " + permission.obstacle,
        .remedy = "run it as root or as an administrator"};
}

std::vector<std::string> changes(report::Report const& left, report::Report const& right) {
    std::vector<std::string> names;
    auto const compare = [&](char const* name, auto const& one, auto const& other) {
        if (!(one == other))
            names.emplace_back(name);
    };
    compare("Mode", left.mode, right.mode);
    compare("Health", left.health, right.health);
    compare("HealthReasons", left.health_reasons, right.health_reasons);
    compare("Stage", left.stage, right.stage);
    compare("LastRefresh", left.last_refresh, right.last_refresh);
    compare("MetadataExpires", left.metadata_expires, right.metadata_expires);
    compare("RebootNeeded", left.reboot_needed, right.reboot_needed);
    compare("RebootReasons", left.reboot_reasons, right.reboot_reasons);
    return names;
}

// Answers with what an engine's result holds, made into what the method returns.
template <class... Values, class T, class Convert>
void answer(Reply<Values...> const& reply, base::Result<T> const& result, Convert convert) {
    reply.guard([&] {
        if (result)
            convert();
        else
            reply.refuse(result.error());
    });
}

base::Result<void> check(std::string const* patch, std::string const* reason) {
    if (patch != nullptr)
        if (auto const parsed = parse_patch(*patch); !parsed)
            return parsed.error();
    return reason == nullptr ? base::Result<void>() : check_reason(*reason);
}

std::vector<Dictionary> to_wire(std::vector<report::Event> const& events, bool inspect) {
    std::vector<Dictionary> entries;
    entries.reserve(events.size());
    for (auto const& event : events)
        entries.push_back(dbus_server::to_wire(event, inspect));
    return entries;
}

} // namespace

ManagerObject::ManagerObject(
    sdbus::IConnection& bus,
    BusPump& pump,
    engine::Engine& engine,
    history::Recorder& history,
    Authoriser& authoriser
)
    : AdaptorInterfaces(bus, manager_path),
      pump_(pump),
      engine_(engine),
      history_(history),
      authoriser_(authoriser) {
    registerAdaptor();
}

ManagerObject::~ManagerObject() {
    unregisterAdaptor();
}

void ManagerObject::update(report::Report const& report) {
    auto const names = changes(announced_, report);
    announced_ = report;
    if (report.stage != report::Stage::transitioning)
        blockers_.forget();
    if (!names.empty())
        emitPropertiesChangedSignal(Manager_adaptor::INTERFACE_NAME, names);
}

void ManagerObject::announce(report::Event const& event) {
    emitEvent(to_wire(event, false)); // everybody hears it
}

// Only while a call is being handled: it is gone when the handler returns.
std::string ManagerObject::sender() {
    return getObject().getCurrentlyProcessedMessage()->getSender();
}

// What makes no sense, and what is too much, is refused before anybody else is asked anything: what
// a call holds while it waits for them is bounded.
template <class... Values, class Work>
void ManagerObject::admit(
    sdbus::Result<Values...>&& result, base::Result<void> const& sensible, Work work
) {
    auto const caller = sender();
    auto const ticket = limits_.admit(caller);
    Reply<Values...> const reply(std::move(result), pump_, ticket ? ticket.value() : nullptr);
    reply.guard([&] {
        if (!ticket)
            return reply.refuse(ticket.error());
        if (!sensible)
            return reply.refuse(sensible.error());
        authoriser_.identify(
            caller,
            [this, reply, ticket = ticket.value(), work](base::Result<Caller> const& identified) {
                reply.guard([&] {
                    if (!identified)
                        return reply.refuse(identified.error());
                    if (auto admitted = limits_.admit(ticket, identified->user); !admitted)
                        return reply.refuse(admitted.error());
                    work(reply, *identified);
                });
            }
        );
    });
}

template <class... Values, class Work>
void ManagerObject::authorise(
    Reply<Values...> const& reply,
    Caller const& caller,
    char const* action,
    bool interactive,
    Work work
) {
    auto const decided = [reply, action, work](Permission const& permission) {
        reply.guard([&] {
            if (permission.allowed)
                work();
            else
                reply.refuse(not_authorized(action, permission));
        });
    };
    authoriser_.check(caller, action, interactive, decided);
}

template <class... Values, class Work>
void ManagerObject::changing(
    sdbus::Result<Values...>&& result,
    Options const& options,
    Keys const& keys,
    char const* action,
    Work work
) {
    auto const parsed = parse_options(options, keys);
    admit(
        std::move(result),
        parsed ? base::Result<void>() : base::Result<void>(parsed.error()),
        [this, wanted = parsed ? *parsed : CallOptions(), action, work](
            auto const& reply, Caller const& caller
        ) {
            auto const go_on = [reply, work, caller, options = wanted.engine] {
                auto asked = options;
                asked.caller = who(caller);
                work(reply, asked);
            };
            this->authorise(reply, caller, action, wanted.interactive, go_on);
        }
    );
}

template <class... Values, class Work>
void ManagerObject::changing(
    sdbus::Result<Values...>&& result,
    std::string const& patch,
    Options const& options,
    Keys const& keys,
    char const* action,
    Work work
) {
    auto const name = parse_patch(patch);
    if (!name)
        return admit(std::move(result), name.error(), [](auto const&, auto const&) {});
    changing(
        std::move(result),
        options,
        keys,
        action,
        [name = *name, work](auto const& reply, auto const& wanted) { work(reply, name, wanted); }
    );
}

template <class Work>
void ManagerObject::configuring(
    sdbus::Result<>&& result, base::Result<void> const& arguments, std::string reason, Work work
) {
    bool const interactive = allows_interaction(*getObject().getCurrentlyProcessedMessage());
    auto const ask = [this, interactive, reason = std::move(reason), work](
                         auto const& reply, Caller const& caller
                     ) {
        auto const go_on = [reply, reason, caller, work] {
            work(
                engine::Options{.reason = reason, .caller = who(caller)},
                [reply](base::Result<void> const& done) {
                    answer(reply, done, [&] { reply.give(); });
                }
            );
        };
        this->authorise(reply, caller, action::configure, interactive, go_on);
    };
    admit(std::move(result), arguments, ask);
}

void ManagerObject::Refresh(sdbus::Result<>&& result, Options options) {
    changing(
        std::move(result),
        options,
        {"interactive", "reason"},
        action::configure,
        [this](auto const& reply, auto const&) {
            engine_.retry([reply](base::Result<void> const& done) {
                answer(reply, done, [&] { reply.give(); });
            });
        }
    );
}

void ManagerObject::Apply(
    sdbus::Result<sdbus::ObjectPath>&& result, std::string patch, Options options
) {
    changing(
        std::move(result),
        patch,
        options,
        {"interactive", "reason", "dry_run", "replace_unmanaged"},
        action::apply,
        [this](auto const& reply, std::string const& name, auto const& wanted) {
            engine_.apply(name, wanted, [reply](base::Result<std::string> const& done) {
                answer(reply, done, [&] { reply.give(sdbus::ObjectPath(patch_path(*done))); });
            });
        }
    );
}

void ManagerObject::ApplyAll(
    sdbus::Result<std::vector<sdbus::ObjectPath>>&& result, Options options
) {
    changing(
        std::move(result),
        options,
        {"interactive", "reason", "dry_run", "replace_unmanaged"},
        action::apply,
        [this](auto const& reply, auto const& wanted) {
            engine_.apply_all(wanted, [reply](base::Result<std::vector<std::string>> const& done) {
                answer(reply, done, [&] {
                    std::vector<sdbus::ObjectPath> paths;
                    for (auto const& name : *done)
                        paths.emplace_back(patch_path(name));
                    reply.give(paths);
                });
            });
        }
    );
}

void ManagerObject::Revert(sdbus::Result<>&& result, std::string patch, Options options) {
    changing(
        std::move(result),
        patch,
        options,
        {"interactive", "reason", "dry_run"},
        action::revert,
        [this](auto const& reply, std::string const& name, auto const& wanted) {
            engine_.revert(name, wanted, [reply](base::Result<void> const& done) {
                answer(reply, done, [&] { reply.give(); });
            });
        }
    );
}

void ManagerObject::RevertAll(sdbus::Result<>&& result, Options options) {
    changing(
        std::move(result),
        options,
        {"interactive", "reason", "dry_run"},
        action::revert,
        [this](auto const& reply, auto const& wanted) {
            engine_.revert_all(wanted, [reply](base::Result<void> const& done) {
                answer(reply, done, [&] { reply.give(); });
            });
        }
    );
}

template <class Ask>
void ManagerObject::checking(
    sdbus::Result<Dictionary>&& result, base::Result<void> const& sensible, Ask ask
) {
    using Verdict = base::Result<preflight::Verdict>;
    admit(std::move(result), sensible, [this, ask](auto const& reply, Caller const& caller) {
        auto const begin = [reply, ask](Permission const& permission) {
            auto const show = [reply, inspect = permission.allowed](Verdict const& verdict) {
                answer(reply, verdict, [&] { reply.give(to_wire(*verdict, inspect)); });
            };
            reply.guard([&] { ask(show); });
        };
        authoriser_.check(caller, action::inspect, false, begin);
    });
}

void ManagerObject::Check(sdbus::Result<Dictionary>&& result, std::string patch) {
    auto const sensible = patch.empty() ? base::Result<void>() : check(&patch, nullptr);
    checking(std::move(result), sensible, [this, patch](auto done) {
        if (patch.empty())
            engine_.check_host(done);
        else
            engine_.check(patch, done);
    });
}

void ManagerObject::CheckFile(
    sdbus::Result<Dictionary>&& result, sdbus::UnixFd file, std::string name
) {
    // Shared, since a callback must be copyable and a descriptor is not.
    auto const shared = std::make_shared<base::UniqueFd>(file.release());
    checking(std::move(result), check_file_name(name), [this, shared, name](auto done) {
        engine_.check_file(std::move(*shared), name, done);
    });
}

void ManagerObject::Hold(sdbus::Result<>&& result, std::string patch, std::string reason) {
    auto const hold = [this, patch](auto const& options, auto done) {
        engine_.hold(patch, options, done);
    };
    configuring(std::move(result), check(&patch, &reason), reason, hold);
}

void ManagerObject::Unhold(sdbus::Result<>&& result, std::string patch) {
    auto const unhold = [this, patch](auto const& options, auto done) {
        engine_.unhold(patch, options, done);
    };
    configuring(std::move(result), check(&patch, nullptr), {}, unhold);
}

void ManagerObject::Pause(sdbus::Result<>&& result, std::string reason) {
    auto const pause = [this](auto const& options, auto done) { engine_.pause(options, done); };
    configuring(std::move(result), check(nullptr, &reason), reason, pause);
}

void ManagerObject::Resume(sdbus::Result<>&& result) {
    auto const resume = [this](auto const& options, auto done) { engine_.resume(options, done); };
    configuring(std::move(result), {}, {}, resume);
}

void ManagerObject::ResetTrust(sdbus::Result<>&& result, std::string repository) {
    auto const reset = [this, repository](auto const& options, auto done) {
        engine_.reset_trust(repository, options, done);
    };
    configuring(std::move(result), check(&repository, nullptr), {}, reset);
}

void ManagerObject::ListBlockers(sdbus::Result<std::vector<Dictionary>>&& result) {
    using Blockers = base::Result<engine::Engine::SharedBlockers>;
    admit(std::move(result), {}, [this](auto const& reply, Caller const& caller) {
        auto const list = [this, reply](Permission const& permission) {
            auto const show = [this, reply, permission](Blockers const& blockers) {
                answer(reply, blockers, [&] { reply.give(blockers_.of(*blockers, permission)); });
            };
            reply.guard([&] { engine_.blockers(show); });
        };
        authoriser_.check(caller, action::inspect, false, list);
    });
}

void ManagerObject::GetHistory(sdbus::Result<std::vector<Dictionary>>&& result, Options options) {
    auto const query = parse_query(options);
    if (!query)
        return admit(std::move(result), query.error(), [](auto const&, auto const&) {});
    admit(std::move(result), {}, [this, query = *query](auto const& reply, Caller const& caller) {
        auto const list = [this, reply, query](Permission const& permission) {
            auto const show = [reply, inspect = permission.allowed](auto const& events) {
                answer(reply, events, [&] { reply.give(to_wire(*events, inspect)); });
            };
            reply.guard([&] { history_.read(query, show); });
        };
        authoriser_.check(caller, action::inspect, false, list);
    });
}

std::string ManagerObject::Version() {
    return LIVEPATCHD_VERSION;
}

std::string ManagerObject::KernelRelease() {
    return base::escaped(fresh_report(engine_).kernel.release);
}

std::string ManagerObject::KernelBuildId() {
    return base::escaped(fresh_report(engine_).kernel.build_id);
}

std::string ManagerObject::Mode() {
    return std::string(name(fresh_report(engine_).mode));
}

std::string ManagerObject::Health() {
    return std::string(name(fresh_report(engine_).health));
}

std::vector<std::string> ManagerObject::HealthReasons() {
    return text(fresh_report(engine_).health_reasons);
}

std::string ManagerObject::Stage() {
    return std::string(name(fresh_report(engine_).stage));
}

std::uint64_t ManagerObject::LastRefresh() {
    return to_wire(fresh_report(engine_).last_refresh);
}

std::uint64_t ManagerObject::MetadataExpires() {
    return to_wire(fresh_report(engine_).metadata_expires);
}

bool ManagerObject::RebootNeeded() {
    return fresh_report(engine_).reboot_needed;
}

std::vector<std::string> ManagerObject::RebootReasons() {
    return text(fresh_report(engine_).reboot_reasons);
}

} // namespace livepatch::dbus_server
