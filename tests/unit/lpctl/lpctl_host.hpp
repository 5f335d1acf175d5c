// A host for lpctl: a kernel of files, a status.json, a bus, and what it prints.
#pragma once

#include "fake_daemon.hpp"
#include "lpctl/command_line.hpp"
#include "lpctl/context.hpp"
#include "report/report.hpp"
#include "report/report_json.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace livepatch::support {

using Json = nlohmann::ordered_json;

struct LpctlHost {
    FakeKernelTree kernel;
    TemporaryDirectory run;
    FakeDaemon daemon;
    std::ostringstream out;
    std::ostringstream err;
    lpctl::Context context{
        .out = out,
        .err = err,
        .root = kernel.root(),
        .status_file = run.path() / "status.json",
        .bus_address = daemon.address(),
        // A busy machine shall not look like a dead bus.
        .patience = {.bus = std::chrono::seconds(10), .reading = std::chrono::seconds(10)}};

    LpctlHost() { kernel.set_identity("6.1.0-test", "#1 SMP Debian", "abcdef01"); }

    // As the daemon writes it.
    void remember(report::Report report) {
        report.kernel.release = "6.1.0-test";
        run.write("status.json", report::to_json(report, "running").dump());
    }

    // Runs lpctl with these words; what an earlier run printed is gone.
    int call(std::vector<std::string> const& words) {
        out.str("");
        err.str("");
        std::vector<char const*> arguments{"lpctl"};
        for (auto const& word : words)
            arguments.push_back(word.c_str());
        return lpctl::run(static_cast<int>(arguments.size()), arguments.data(), context);
    }

    Json json() const { return Json::parse(out.str()); }
};

inline report::PatchReport
a_patch(std::string const& name, base::PatchState state, report::Disposition disposition) {
    report::PatchReport patch;
    patch.name = name;
    patch.id = name;
    patch.state = state;
    patch.disposition = disposition;
    patch.source = "vendor";
    patch.candidates = {{"vendor", name, "00ff", true}};
    patch.functions = {{"vmlinux", "cmdline_proc_show", state == base::PatchState::enabled}};
    return patch;
}

} // namespace livepatch::support
