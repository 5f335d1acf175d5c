// One livepatch on the bus.
#pragma once

#include "dbus_server/adaptors/patch.hpp"
#include "engine/engine.hpp"
#include "report/report.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <string>
#include <tuple>
#include <vector>

namespace livepatch::dbus_server {

// Properties are answered from a look at the kernel at that moment; what was last announced is kept
// only to tell what changed.
class PatchObject final : public sdbus::AdaptorInterfaces<
                              org::livepatchd1::Patch_adaptor,
                              sdbus::ManagedObject_adaptor,
                              sdbus::Properties_adaptor> {
public:
    PatchObject(sdbus::IConnection& bus, engine::Engine& engine, report::PatchReport report);
    ~PatchObject();

    // Announces what is new since the last call.
    void update(report::PatchReport report);

private:
    report::PatchReport const& fresh();

    std::string Name() override;
    std::string Id() override;
    std::string Version() override;
    std::string State() override;
    std::string Disposition() override;
    std::vector<std::string> Flags() override;
    std::string Reason() override;
    std::string Severity() override;
    std::vector<std::string> Cves() override;
    std::vector<sdbus::Struct<std::string, std::string, bool>> Functions() override;
    std::string Replace() override;
    std::string Sha256() override;
    std::string Signer() override;
    std::string Source() override;
    std::vector<sdbus::Struct<std::string, std::string, std::string, bool>> Candidates() override;
    std::uint64_t LoadedAt() override;
    std::uint64_t TransitionStarted() override;
    std::uint32_t TasksRemaining() override;
    std::string Probation() override;

    engine::Engine& engine_;
    report::PatchReport announced_;
};

} // namespace livepatch::dbus_server
