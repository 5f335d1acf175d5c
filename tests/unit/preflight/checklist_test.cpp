#include "preflight/checklist.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

using namespace livepatch;
using base::Errc;
using preflight::Check;
using preflight::Checks;
using preflight::Facts;
using preflight::Outcome;
using preflight::Subject;

namespace {

using Signers = base::Result<std::vector<trust::SignerName>>;

base::Error unreadable() {
    return {.code = Errc::failed, .subject = "/file", .cause = "cannot open", .remedy = {}};
}

// A kernel that takes everything, and a patch that nothing stands against.
struct Scene {
    Scene() {
        facts.policy.modules_disabled = false;
        facts.policy.enforces_signatures = false;
        facts.secure_boot = false;
        facts.policy.ftrace_enabled = true;
        facts.rights = kernel::Rights{.may_load = true, .initial = true};
        facts.free_space = 1U << 30U;
        facts.reliable_stacks = true;
        facts.functions = preflight::FunctionFacts{};
        facts.functions->symbols = kernel::FunctionCounts{{show, 1}};
        facts.functions->traceable = kernel::FunctionCounts{{show, 1}};
        module.name = "lp";
        module.replace = module::Replace::no;
        module.objects = {{.name = "vmlinux", .functions = {{.name = "show"}}}};
        signers = Signers(std::vector<trust::SignerName>{
            {.key_id = "aabb", .serial = "01", .issuer = "test", .trusted = true}});
    }

    Checks checks() const {
        Subject const subject{
            .module = module,
            .signers = signers,
            .enabled = enabled,
            .leftover_goes = leftover_goes};
        return preflight::examine(facts, &subject);
    }

    Check check(std::string const& name) const {
        auto const all = checks();
        auto const found =
            std::find_if(all.begin(), all.end(), [&](auto const& one) { return one.name == name; });
        REQUIRE(found != all.end());
        return *found;
    }

    Outcome outcome(std::string const& name) const { return check(name).outcome; }

    // It fails, alone, with this error.
    base::Error error(std::string const& name) const {
        auto const all = checks();
        auto const* decisive = preflight::decisive(all);
        REQUIRE(decisive != nullptr);
        CHECK(decisive->name == name);
        REQUIRE(decisive->error);
        CHECK(decisive->reason == decisive->error->cause);
        CHECK(decisive->error->kernel_log.empty()); // it has said nothing yet
        return *decisive->error;
    }

    kernel::FunctionName show{.object = "vmlinux", .name = "show"};
    Facts facts;
    module::LivepatchModule module;
    std::optional<Signers> signers;
    bool enabled = false;
    bool leftover_goes = false;
};

bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

kernel::ObservedPatch
patch(std::string name, base::PatchState state, std::string function = "other") {
    return {
        .name = std::move(name),
        .state = state,
        .objects = {{.name = "vmlinux", .patched = true, .functions = {{std::move(function), 1}}}}};
}

} // namespace

TEST_CASE("a patch that nothing stands against would be loaded") {
    Scene const scene;
    auto const checks = scene.checks();
    CHECK(preflight::decisive(checks) == nullptr);
    for (auto const& check : checks) {
        CAPTURE(check.name, check.reason);
        CHECK((check.outcome == Outcome::passed || check.outcome == Outcome::not_applicable));
        CHECK_FALSE(check.reason.empty());
    }
}

TEST_CASE("each item has a name of its own") {
    auto checks = Scene().checks();
    std::vector<std::string> names;
    for (auto const& check : checks)
        names.push_back(check.name);
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
    CHECK(names.size() == 19);
}

TEST_CASE("what cannot be read is unknown and never passed") {
    Scene scene;
    scene.facts.policy = {
        .modules_disabled = unreadable(),
        .lockdown = unreadable(),
        .enforces_signatures = unreadable(),
        .ftrace_enabled = unreadable()};
    scene.facts.secure_boot = unreadable();
    scene.facts.rights = unreadable();
    scene.facts.blacklist = unreadable();
    scene.facts.observed = unreadable();
    scene.facts.free_space = unreadable();
    scene.facts.reliable_stacks.reset();
    scene.facts.functions = preflight::FunctionFacts{
        .symbols = unreadable(),
        .traceable = unreadable(),
        .traced = unreadable(),
        .probes = unreadable()};
    auto const checks = scene.checks();
    CHECK(preflight::decisive(checks) == nullptr);
    for (auto const& check : checks) {
        CAPTURE(check.name, check.reason);
        bool const read = check.name == "livepatch-support" || check.name == "module-name" ||
                          check.name == "dependencies" || check.name == "target-modules";
        CHECK((read || check.outcome == Outcome::unknown));
    }
}

TEST_CASE("the host: what makes every load fail") {
    Scene scene;
    SECTION("no livepatching") {
        scene.facts.livepatch = false;
        CHECK(scene.error("livepatch-support").code == Errc::unsupported);
    }
    SECTION("modules disabled") {
        scene.facts.policy.modules_disabled = true;
        auto const error = scene.error("modules-enabled");
        CHECK(error.code == Errc::unsupported);
        CHECK(error.os_error == EPERM);
        CHECK(contains(error.remedy, "sysctl.d"));
    }
    SECTION("no capability") {
        scene.facts.rights->may_load = false;
        CHECK(scene.error("rights").code == Errc::load_failed);
    }
    SECTION("another user namespace") {
        scene.facts.rights->initial = false;
        CHECK(scene.error("rights").os_error == EPERM);
    }
    SECTION("ftrace off") {
        scene.facts.policy.ftrace_enabled = false;
        auto const error = scene.error("ftrace-enabled");
        CHECK(error.code == Errc::load_failed);
        CHECK(error.os_error == EBUSY);
        CHECK(contains(error.remedy, "ftrace_enabled=1"));
    }
}

TEST_CASE("the host: what an admin should know") {
    Scene scene;
    SECTION("a container") {
        scene.facts.container = "podman";
        CHECK(scene.outcome("rights") == Outcome::warning);
    }
    SECTION("no reliable stacks") {
        scene.facts.reliable_stacks = false;
        CHECK(scene.outcome("reliable-stacks") == Outcome::warning);
    }
    SECTION("little space") {
        scene.facts.free_space = 1000;
        CHECK(scene.outcome("space") == Outcome::warning);
    }
    SECTION("another transition") {
        scene.facts.observed->patches = {patch("other", base::PatchState::enabling)};
        scene.facts.observed->patches.front().transition = true;
        CHECK(scene.outcome("transition") == Outcome::warning);
        CHECK(contains(scene.check("transition").reason, "'other'"));
    }
    SECTION("its own transition") {
        scene.facts.observed->patches = {patch("lp", base::PatchState::enabling)};
        scene.facts.observed->patches.front().transition = true;
        scene.enabled = true;
        CHECK(scene.outcome("transition") == Outcome::passed);
    }
    SECTION("forced") {
        scene.facts.observed->patches = {patch("other", base::PatchState::disabled)};
        scene.facts.observed->patches.front().pinned = true;
        CHECK(scene.outcome("not-forced") == Outcome::warning);
    }
    SECTION("Secure Boot") {
        scene.facts.secure_boot = true;
        CHECK(scene.outcome("secure-boot") == Outcome::warning);
        CHECK(contains(scene.check("secure-boot").remedy, "mokutil"));
    }
}

TEST_CASE("the host alone is checked without a patch") {
    Scene scene;
    CHECK(preflight::decisive(preflight::examine(scene.facts, nullptr)) == nullptr);
    scene.facts.policy.ftrace_enabled = false;
    auto const checks = preflight::examine(scene.facts, nullptr);
    REQUIRE(preflight::decisive(checks) != nullptr);
    CHECK(preflight::decisive(checks)->name == "ftrace-enabled");
}

TEST_CASE("signatures, where the kernel wants to know the signer") {
    Scene scene;
    bool const locked = GENERATE(true, false);
    if (locked)
        scene.facts.policy.lockdown = "integrity";
    else
        scene.facts.policy.enforces_signatures = true;
    auto const os_error = locked ? EPERM : EKEYREJECTED;
    auto const refused = [&] {
        auto const error = scene.error("kernel-signature");
        CHECK(error.code == Errc::verification_failed);
        CHECK(error.os_error == os_error);
        CHECK(contains(error.remedy, "mokutil"));
        return error;
    };
    scene.facts.keys = std::vector<kernel::KernelKey>{{.name = "Debian", .id = "0011"}};
    SECTION("unsigned") {
        scene.signers = Signers(std::vector<trust::SignerName>());
        refused();
    }
    SECTION("a signer whom the kernel does not know") {
        CHECK(contains(refused().cause, "aabb"));
    }
    SECTION("a signer whom it knows") {
        scene.facts.keys->push_back({.name = "test", .id = "aabb"});
        CHECK(scene.outcome("kernel-signature") == Outcome::passed);
    }
    SECTION("known by the serial number, where the certificate has no key id") {
        scene.facts.keys->push_back({.name = "test", .id = "01"});
        scene.signers = Signers(std::vector<trust::SignerName>{
            {.serial = "0001", .issuer = "test", .trusted = true}});
        CHECK(scene.outcome("kernel-signature") == Outcome::passed);
    }
    SECTION("a signer whose certificate we do not have") {
        scene.signers =
            Signers(std::vector<trust::SignerName>{{.serial = "02", .issuer = "Debian"}});
        CHECK(scene.outcome("kernel-signature") == Outcome::unknown);
    }
    SECTION("keys that cannot be read") {
        scene.facts.keys = unreadable();
        CHECK(scene.outcome("kernel-signature") == Outcome::unknown);
    }
    SECTION("a module that was not to be had") {
        scene.signers.reset();
        CHECK(scene.outcome("kernel-signature") == Outcome::unknown);
    }
}

TEST_CASE("a malformed signature is refused by every kernel") {
    Scene scene;
    scene.signers = Signers(unreadable());
    CHECK(scene.error("kernel-signature").os_error == EBADMSG);
}

TEST_CASE("the kernel's command line may forbid a module") {
    Scene scene;
    scene.facts.blacklist = std::string("(null)\n"); // as the kernel shows that there is none
    CHECK(scene.outcome("blacklist") == Outcome::passed);
    scene.facts.blacklist = std::string("lp_other,xlp\n");
    CHECK(scene.outcome("blacklist") == Outcome::passed);
    scene.facts.blacklist = std::string("lp_other,lp\n");
    auto const error = scene.error("blacklist");
    CHECK(error.os_error == EPERM);
    CHECK(contains(error.cause, "module_blacklist"));
}

TEST_CASE("a name can be taken") {
    Scene scene;
    scene.facts.initstate = "live";
    SECTION("by a module") {
        auto const error = scene.error("module-name");
        CHECK(error.code == Errc::conflict);
        CHECK(error.os_error == EEXIST);
    }
    SECTION("by what is left of another tool's patch") {
        scene.facts.observed->patches = {patch("lp", base::PatchState::disabled)};
        CHECK(contains(scene.error("module-name").remedy, "rmmod lp"));
    }
    SECTION("by what was forced out") {
        scene.facts.observed->patches = {patch("lp", base::PatchState::disabled)};
        scene.facts.observed->patches.front().pinned = true;
        CHECK(contains(scene.error("module-name").remedy, "reboot"));
    }
    SECTION("by what we unload before") {
        scene.leftover_goes = true;
        CHECK(scene.outcome("module-name") == Outcome::passed);
    }
    SECTION("by itself") {
        scene.enabled = true;
        CHECK(scene.outcome("module-name") == Outcome::passed);
    }
    SECTION("by one that comes or goes") {
        scene.facts.initstate = "going";
        CHECK(scene.outcome("module-name") == Outcome::unknown);
    }
}

TEST_CASE("modules that it depends on have to be loaded") {
    Scene scene;
    scene.module.depends = {"nfsd", "sunrpc"};
    CHECK(scene.outcome("dependencies") == Outcome::passed);
    scene.facts.missing = {"sunrpc"};
    auto const error = scene.error("dependencies");
    CHECK(contains(error.cause, "'sunrpc'"));
    CHECK(error.remedy == "modprobe sunrpc");
}

TEST_CASE("modules that it patches may come later") {
    Scene scene;
    scene.module.objects.push_back({.name = "nfsd", .functions = {{.name = "nfsd_open"}}});
    scene.facts.targets["nfsd"] = {.loaded = false};
    CHECK(contains(scene.check("target-modules").reason, "active once loaded: nfsd"));
    CHECK(preflight::decisive(scene.checks()) == nullptr); // nor are its functions missed
    scene.facts.targets["nfsd"] = {.loaded = true, .out_of_tree = true};
    CHECK(scene.outcome("target-modules") == Outcome::warning);
}

TEST_CASE("functions that the kernel does not have, or not only once") {
    Scene scene;
    auto& symbols = *scene.facts.functions->symbols;
    SECTION("none") {
        symbols.clear();
        auto const error = scene.error("functions");
        CHECK(error.code == Errc::load_failed);
        CHECK(error.os_error == EINVAL);
        CHECK(contains(error.cause, "'show' is not in this kernel"));
        CHECK(scene.outcome("traceable") == Outcome::not_applicable); // one cause is enough
        scene.module.objects.front().functions.front().sympos = 1;
        CHECK(contains(scene.error("functions").cause, "'show' is not in this kernel"));
    }
    SECTION("several that are missing are all named") {
        symbols.clear();
        scene.module.objects.front().functions.push_back({.name = "other"});
        CHECK(contains(scene.error("functions").cause, "'show', 'other'"));
    }
    SECTION("two") {
        symbols[scene.show] = 2;
        CHECK(contains(scene.error("functions").cause, "several functions 'show'"));
    }
    SECTION("two, of which it wants the second") {
        symbols[scene.show] = 2;
        (*scene.facts.functions->traceable)[scene.show] = 2;
        scene.module.objects.front().functions.front().sympos = 2;
        CHECK(preflight::decisive(scene.checks()) == nullptr);
        scene.module.objects.front().functions.front().sympos = 3;
        CHECK(contains(scene.error("functions").cause, "fewer functions 'show'"));
    }
}

TEST_CASE("functions that cannot be traced") {
    Scene scene;
    SECTION("none of the name") {
        scene.facts.functions->traceable->clear();
        auto const error = scene.error("traceable");
        CHECK(error.os_error == EINVAL);
        CHECK(contains(error.cause, "cannot be traced"));
    }
    SECTION("not all of the name") {
        (*scene.facts.functions->symbols)[scene.show] = 2;
        scene.module.objects.front().functions.front().sympos = 2;
        CHECK(scene.outcome("traceable") == Outcome::unknown);
    }
}

TEST_CASE("functions that somebody else redirects") {
    Scene scene;
    auto& functions = *scene.facts.functions;
    functions.traced =
        std::vector<kernel::TracedFunction>{{.function = scene.show, .redirected = true}};
    SECTION("a probe with a post handler is named, for those who may see it") {
        functions.probes = std::vector<kernel::Probe>{
            {.function = scene.show, .by_ftrace = true}, {.function = scene.show, .offset = 12}};
        auto const error = scene.error("function-users");
        CHECK(error.code == Errc::load_failed);
        CHECK(error.os_error == EBUSY);
        CHECK(contains(error.cause, "kprobe at show+0x0"));
        CHECK_FALSE(contains(error.cause, "0xc"));
        auto const check = scene.check("function-users");
        CHECK_FALSE(contains(check.for_all, "show+0x0"));
        CHECK_FALSE(check.for_all.empty());
    }
    SECTION("whoever it is") {
        CHECK(contains(scene.error("function-users").cause, "something else redirects"));
    }
    SECTION("a livepatch shares with livepatches") {
        scene.facts.observed->patches = {patch("other", base::PatchState::enabled, "show")};
        CHECK(scene.outcome("function-users") == Outcome::passed);
        CHECK(contains(scene.check("patched-functions").reason, "'show' by other"));
    }
    SECTION("it itself") {
        scene.enabled = true;
        scene.facts.observed->patches = {patch("lp", base::PatchState::enabled, "show")};
        CHECK(scene.outcome("function-users") == Outcome::passed);
        CHECK(scene.check("patched-functions").reason == "no other livepatch has patched them");
    }
}

TEST_CASE("who has hooked a function without standing in the way") {
    Scene scene;
    auto& functions = *scene.facts.functions;
    SECTION("a probe in the old code") {
        functions.probes = std::vector<kernel::Probe>{{.function = scene.show, .offset = 12}};
        CHECK(scene.outcome("function-users") == Outcome::warning);
        CHECK(contains(scene.check("function-users").reason, "kprobe at show+0xc"));
    }
    SECTION("a probe that is switched off") {
        functions.probes =
            std::vector<kernel::Probe>{{.function = scene.show, .offset = 12, .acts = false}};
        CHECK(scene.outcome("function-users") == Outcome::passed);
    }
    SECTION("a BPF program") {
        functions.traced =
            std::vector<kernel::TracedFunction>{{.function = scene.show, .direct = true}};
        CHECK(scene.outcome("function-users") == Outcome::warning);
    }
}

TEST_CASE("a file that does not tell what it patches leaves that unknown") {
    Scene scene;
    scene.module.objects.clear();
    for (auto const* item : {"functions", "traceable", "function-users", "target-modules"})
        CHECK(scene.outcome(item) == Outcome::unknown);
}

TEST_CASE("what becomes of other livepatches") {
    Scene scene;
    scene.facts.observed->patches = {patch("one", base::PatchState::enabled)};
    CHECK(contains(scene.check("other-livepatches").reason, "added to one"));
    scene.module.replace = module::Replace::yes;
    CHECK(contains(scene.check("other-livepatches").reason, "replaces one"));
    scene.module.replace = module::Replace::unknown;
    CHECK(scene.outcome("other-livepatches") == Outcome::warning);
}
