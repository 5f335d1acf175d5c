// The manager on the bus: who may call is asked of the authoriser, what to do of the engine.
#pragma once

#include "dbus_server/adaptors/manager.hpp"
#include "dbus_server/authoriser.hpp"
#include "dbus_server/blocker_answers.hpp"
#include "dbus_server/bus_pump.hpp"
#include "dbus_server/call_limits.hpp"
#include "dbus_server/reply.hpp"
#include "dbus_server/wire.hpp"
#include "engine/engine.hpp"
#include "history/recorder.hpp"
#include "report/report.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::dbus_server {

class ManagerObject final : public sdbus::AdaptorInterfaces<
                                org::livepatchd1::Manager_adaptor,
                                sdbus::ObjectManager_adaptor,
                                sdbus::Properties_adaptor> {
public:
    ManagerObject(
        sdbus::IConnection& bus,
        BusPump& pump,
        engine::Engine& engine,
        history::Recorder& history,
        Authoriser& authoriser
    );
    ~ManagerObject();

    // Announces what is new since the last call.
    void update(report::Report const& report);
    void announce(report::Event const& event);

private:
    using Options = Dictionary;
    using Keys = std::vector<std::string_view>;

    // Admits the call and then runs `work(reply, caller)`.
    template <class... Values, class Work>
    void admit(sdbus::Result<Values...>&& result, base::Result<void> const& sensible, Work work);
    // Admits the call, reads its options, asks whether the caller may, and then runs `work(reply,
    // options)`.
    template <class... Values, class Work>
    void changing(
        sdbus::Result<Values...>&& result,
        Options const& options,
        Keys const& keys,
        char const* action,
        Work work
    );
    // The same for a method with a PATCH: `work(reply, patch, options)`.
    template <class... Values, class Work>
    void changing(
        sdbus::Result<Values...>&& result,
        std::string const& patch,
        Options const& options,
        Keys const& keys,
        char const* action,
        Work work
    );
    // The same for the methods that have no options: the message itself says whether its sender may
    // be asked for a password. `work(options, done)`.
    template <class Work>
    void configuring(
        sdbus::Result<>&& result, base::Result<void> const& arguments, std::string reason, Work work
    );
    template <class... Values, class Work>
    void authorise(
        Reply<Values...> const& reply,
        Caller const& caller,
        char const* action,
        bool interactive,
        Work work
    );
    // Admits a call whose answer is a verdict, which `ask(done)` brings; and shows of it what the
    // caller may see.
    template <class Ask>
    void checking(sdbus::Result<Dictionary>&& result, base::Result<void> const& sensible, Ask ask);
    std::string sender();

    void Refresh(sdbus::Result<>&& result, Options options) override;
    void
    Apply(sdbus::Result<sdbus::ObjectPath>&& result, std::string patch, Options options) override;
    void ApplyAll(sdbus::Result<std::vector<sdbus::ObjectPath>>&& result, Options options) override;
    void Revert(sdbus::Result<>&& result, std::string patch, Options options) override;
    void RevertAll(sdbus::Result<>&& result, Options options) override;
    void Check(sdbus::Result<Dictionary>&& result, std::string patch) override;
    void
    CheckFile(sdbus::Result<Dictionary>&& result, sdbus::UnixFd file, std::string name) override;
    void Hold(sdbus::Result<>&& result, std::string patch, std::string reason) override;
    void Unhold(sdbus::Result<>&& result, std::string patch) override;
    void Pause(sdbus::Result<>&& result, std::string reason) override;
    void Resume(sdbus::Result<>&& result) override;
    void ResetTrust(sdbus::Result<>&& result, std::string repository) override;
    void ListBlockers(sdbus::Result<std::vector<Dictionary>>&& result) override;
    void GetHistory(sdbus::Result<std::vector<Dictionary>>&& result, Options options) override;

    std::string Version() override;
    std::string KernelRelease() override;
    std::string KernelBuildId() override;
    std::string Mode() override;
    std::string Health() override;
    std::vector<std::string> HealthReasons() override;
    std::string Stage() override;
    std::uint64_t LastRefresh() override;
    std::uint64_t MetadataExpires() override;
    bool RebootNeeded() override;
    std::vector<std::string> RebootReasons() override;

    BusPump& pump_;
    engine::Engine& engine_;
    history::Recorder& history_;
    Authoriser& authoriser_;
    CallLimits limits_;
    BlockerAnswers blockers_;
    report::Report announced_;
};

} // namespace livepatch::dbus_server
