#include "dbus_server/patch_object.hpp"

#include "base/text.hpp"
#include "dbus_server/wire.hpp"

namespace livepatch::dbus_server {

namespace {

// The names of the properties that differ.
std::vector<std::string>
changes(report::PatchReport const& left, report::PatchReport const& right) {
    std::vector<std::string> names;
    auto const compare = [&](char const* name, auto const& one, auto const& other) {
        if (!(one == other))
            names.emplace_back(name);
    };
    auto const since = [](auto const& patch) {
        return patch.transition ? patch.transition->since : report::Time();
    };
    auto const tasks = [](auto const& patch) {
        return patch.transition ? patch.transition->tasks_remaining : 0;
    };
    compare("Id", left.id, right.id);
    compare("Version", left.version, right.version);
    compare("State", left.state, right.state);
    compare("Disposition", left.disposition, right.disposition);
    compare("Flags", left.flags, right.flags);
    compare("Reason", left.reason, right.reason);
    compare("Severity", left.severity, right.severity);
    compare("Cves", left.cves, right.cves);
    compare("Functions", left.functions, right.functions);
    compare("Replace", left.replace, right.replace);
    compare("Sha256", left.sha256, right.sha256);
    compare("Signer", left.signer, right.signer);
    compare("Source", left.source, right.source);
    compare("Candidates", left.candidates, right.candidates);
    compare("LoadedAt", left.loaded_at, right.loaded_at);
    compare("TransitionStarted", since(left), since(right));
    compare("TasksRemaining", tasks(left), tasks(right));
    compare("Probation", left.probation, right.probation);
    return names;
}

} // namespace

PatchObject::PatchObject(
    sdbus::IConnection& bus, engine::Engine& engine, report::PatchReport report
)
    : AdaptorInterfaces(bus, patch_path(report.name)),
      engine_(engine),
      announced_(std::move(report)) {
    registerAdaptor();
    emitInterfacesAddedSignal({Patch_adaptor::INTERFACE_NAME});
}

PatchObject::~PatchObject() {
    try {
        emitInterfacesRemovedSignal({Patch_adaptor::INTERFACE_NAME});
    } catch (sdbus::Error const&) { // NOLINT(bugprone-empty-catch): the bus is gone, and with it
                                    // all listeners
    }
    unregisterAdaptor();
}

void PatchObject::update(report::PatchReport report) {
    auto const names = changes(announced_, report);
    announced_ = std::move(report);
    if (!names.empty())
        emitPropertiesChangedSignal(Patch_adaptor::INTERFACE_NAME, names);
}

report::PatchReport const& PatchObject::fresh() {
    for (auto const& patch : fresh_report(engine_).patches)
        if (patch.name == announced_.name)
            return patch;
    return announced_; // gone a moment ago; the object follows
}

std::string PatchObject::Name() {
    return base::escaped(announced_.name);
}

std::string PatchObject::Id() {
    return base::escaped(fresh().id);
}

std::string PatchObject::Version() {
    return base::escaped(fresh().version);
}

std::string PatchObject::State() {
    return std::string(name(fresh().state));
}

std::string PatchObject::Disposition() {
    return std::string(name(fresh().disposition));
}

std::vector<std::string> PatchObject::Flags() {
    return text(fresh().flags);
}

std::string PatchObject::Reason() {
    return base::escaped(fresh().reason);
}

std::string PatchObject::Severity() {
    return base::escaped(fresh().severity);
}

std::vector<std::string> PatchObject::Cves() {
    return text(fresh().cves);
}

std::vector<sdbus::Struct<std::string, std::string, bool>> PatchObject::Functions() {
    std::vector<sdbus::Struct<std::string, std::string, bool>> functions;
    for (auto const& function : fresh().functions)
        functions.emplace_back(
            base::escaped(function.object), base::escaped(function.name), function.patched
        );
    return functions;
}

std::string PatchObject::Replace() {
    return std::string(name(fresh().replace));
}

std::string PatchObject::Sha256() {
    return base::escaped(fresh().sha256);
}

std::string PatchObject::Signer() {
    return base::escaped(fresh().signer);
}

std::string PatchObject::Source() {
    return base::escaped(fresh().source);
}

std::vector<sdbus::Struct<std::string, std::string, std::string, bool>> PatchObject::Candidates() {
    std::vector<sdbus::Struct<std::string, std::string, std::string, bool>> candidates;
    for (auto const& candidate : fresh().candidates)
        candidates.emplace_back(
            base::escaped(candidate.source),
            base::escaped(candidate.id),
            candidate.sha256,
            candidate.chosen
        );
    return candidates;
}

std::uint64_t PatchObject::LoadedAt() {
    return to_wire(fresh().loaded_at);
}

std::uint64_t PatchObject::TransitionStarted() {
    auto const& transition = fresh().transition;
    return transition ? to_wire(transition->since) : 0;
}

std::uint32_t PatchObject::TasksRemaining() {
    auto const& transition = fresh().transition;
    return transition ? transition->tasks_remaining : 0;
}

std::string PatchObject::Probation() {
    return std::string(name(fresh().probation));
}

} // namespace livepatch::dbus_server
