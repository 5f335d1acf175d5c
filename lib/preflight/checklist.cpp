#include "preflight/checklist.hpp"

#include "base/text.hpp"
#include "preflight/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace livepatch::preflight {

namespace {

using base::PatchState;

constexpr std::uint64_t little_space = 1024 * 1024; // for state.json, its copy, and the history

std::string name_of(Subject const* subject) {
    return subject == nullptr ? std::string("any livepatch") : subject->module.name;
}

// --- the host
// -------------------------------------------------------------------------------------

Check check_support(Facts const& facts, Subject const* subject) {
    auto const* const item = "livepatch-support";
    if (facts.livepatch)
        return passed(item, "this kernel can be livepatched (CONFIG_LIVEPATCH)");
    return failed(item, answer(name_of(subject), ENOEXEC, "livepatch support is disabled"));
}

Check check_stacks(Facts const& facts) {
    auto const* const item = "reliable-stacks";
    if (!facts.reliable_stacks)
        return unknown(item, "the kernel's symbols cannot be read");
    if (*facts.reliable_stacks)
        return passed(item, "the kernel can tell reliably in which functions a task is");
    return warning(
        item,
        "the kernel cannot tell reliably in which functions a task is: the transition may never "
        "end",
        "boot a kernel with CONFIG_HAVE_RELIABLE_STACKTRACE (x86: CONFIG_UNWINDER_ORC)"
    );
}

Check check_modules_disabled(Facts const& facts, Subject const* subject) {
    auto const* const item = "modules-enabled";
    auto const& disabled = facts.policy.modules_disabled;
    if (!disabled)
        return unknown(item, disabled.error());
    if (!*disabled)
        return passed(item, "modules can be loaded (kernel.modules_disabled=0)");
    return failed(item, answer(name_of(subject), EPERM, {}, {.modules_disabled = true}));
}

Check check_rights(Facts const& facts, Subject const* subject) {
    auto const* const item = "rights";
    if (!facts.rights)
        return unknown(item, facts.rights.error());
    if (!facts.rights->may_load || !facts.rights->initial)
        return failed(item, answer(name_of(subject), EPERM));
    if (!facts.container.empty())
        return warning(
            item,
            "the kernel belongs to the host of this container (" + facts.container + ")",
            "let its host load livepatches"
        );
    return passed(item, "livepatchd may load modules (CAP_SYS_MODULE)");
}

Check check_secure_boot(Facts const& facts) {
    auto const* const item = "secure-boot";
    auto const& policy = facts.policy;
    auto const locked = policy.lockdown_or_none();
    if (!facts.secure_boot && locked.empty())
        return unknown(item, facts.secure_boot.error());
    if (!policy.lockdown)
        return unknown(item, policy.lockdown.error());
    bool const secure = facts.secure_boot && *facts.secure_boot;
    if (!secure && locked.empty())
        return passed(item, "off, and the kernel is not locked down");
    auto const reason = std::string(secure ? "Secure Boot is on" : "Secure Boot is off") +
                        (locked.empty() ? ", and the kernel is not locked down"
                                        : ", and the kernel is locked down (" + locked + ")");
    return warning(
        item,
        reason + ": it takes modules of signers it knows",
        "enrol their certificates as machine owner keys (mokutil --import)"
    );
}

Check check_ftrace(Facts const& facts, Subject const* subject) {
    auto const* const item = "ftrace-enabled";
    auto const& enabled = facts.policy.ftrace_enabled;
    if (!enabled)
        return unknown(item, enabled.error());
    if (*enabled)
        return passed(item, "ftrace is on (kernel.ftrace_enabled=1)");
    return failed(item, answer(name_of(subject), EBUSY, {}, {.ftrace_enabled = false}));
}

Check check_space(Facts const& facts) {
    auto const* const item = "space";
    if (!facts.free_space)
        return unknown(item, facts.free_space.error());
    auto const free = fmt::format("{} KiB are free for the state", *facts.free_space / 1024);
    if (*facts.free_space >= little_space)
        return passed(item, free);
    return warning(
        item, free + "; what cannot be recorded is not loaded", "make room in /var/lib/livepatchd"
    );
}

Check check_forced(Facts const& facts) {
    auto const* const item = "not-forced";
    if (!facts.observed)
        return unknown(item, facts.observed.error());
    for (auto const& patch : facts.observed->patches)
        if (patch.pinned)
            return warning(
                item,
                "a transition was forced ('" + patch.name +
                    "' cannot be unloaded): nobody knows which task runs which code",
                "reboot before anything else is loaded"
            );
    return passed(item, "no transition was forced since boot");
}

Check check_transition(Facts const& facts, Subject const* subject) {
    auto const* const item = "transition";
    if (!facts.observed)
        return unknown(item, facts.observed.error());
    auto const* moving = facts.observed->transition();
    if (moving == nullptr)
        return passed(item, "no transition is running");
    if (subject != nullptr && subject->module.name == moving->name)
        return passed(item, "its own transition is running");
    return warning(
        item,
        "another livepatch, '" + moving->name + "', is in transition: this one is loaded after it",
        "see: lpctl blockers"
    );
}

// --- the patch
// ------------------------------------------------------------------------------------

bool same_number(std::string_view left, std::string_view right) {
    auto const significant = [](std::string_view digits) {
        auto const first = digits.find_first_not_of('0');
        return first == std::string_view::npos ? std::string_view() : digits.substr(first);
    };
    return !left.empty() && significant(left) == significant(right);
}

enum class Known { yes, no, maybe };

// A certificate has the key id that its issuer gave it, or none: then the kernel shows its serial
// number instead.
Known knows(std::vector<kernel::KernelKey> const& keys, trust::SignerName const& signer) {
    for (auto const& key : keys) {
        if (!signer.key_id.empty() && key.id == signer.key_id)
            return Known::yes;
        if (signer.key_id.empty() && same_number(key.id, signer.serial))
            return Known::yes;
    }
    // A certificate that we do not have may bear any key id.
    return signer.key_id.empty() && !signer.trusted ? Known::maybe : Known::no;
}

std::string in_words(trust::SignerName const& signer) {
    if (!signer.key_id.empty())
        return "key id " + signer.key_id;
    return "issuer '" + signer.issuer + "', serial 0x" + signer.serial;
}

// How the kernel refuses a module that it does not find signed by somebody it knows
// (kernel/module/signing.c: module_sig_check).
base::Error refused_signature(Facts const& facts, Subject const& subject, std::string_view kind) {
    bool const enforces = facts.policy.enforces_signatures && *facts.policy.enforces_signatures;
    auto const line = fmt::format("Loading of {} is rejected", kind);
    return enforces ? answer(subject.module.name, EKEYREJECTED, line, {.enforces_signatures = true})
                    : answer(subject.module.name, EPERM, {}, {.locked_down = true});
}

Check check_signers(Facts const& facts, Subject const& subject) {
    auto const* const item = "kernel-signature";
    auto const& signers = **subject.signers;
    if (signers.empty())
        return failed(item, refused_signature(facts, subject, "unsigned module"));
    if (!facts.keys)
        return unknown(item, facts.keys.error());
    for (auto const& signer : signers) {
        auto const known = knows(*facts.keys, signer);
        if (known == Known::no) {
            auto error = refused_signature(facts, subject, "module with unavailable key");
            error.cause += " (" + in_words(signer) + ")";
            return failed(item, std::move(error));
        }
        if (known == Known::maybe)
            return unknown(
                item,
                "whether the kernel knows its signer (" + in_words(signer) +
                    ") cannot be told from /proc/keys"
            );
    }
    return passed(item, "the kernel has a key of its signer (" + in_words(signers.front()) + ")");
}

Check check_kernel_signature(Facts const& facts, Subject const& subject) {
    auto const* const item = "kernel-signature";
    auto const& policy = facts.policy;
    if (subject.signers && !*subject.signers)
        return failed(item, answer(subject.module.name, EBADMSG));
    if (policy.wants_known_signer())
        return subject.signers ? check_signers(facts, subject)
                               : unknown(item, "the module's signature was not to be had");
    if (!policy.enforces_signatures)
        return unknown(item, policy.enforces_signatures.error());
    if (!policy.lockdown)
        return unknown(item, policy.lockdown.error());
    return passed(item, "the kernel takes modules whoever signed them");
}

// Of several such arguments the kernel has taken the last.
Check check_blacklist(Facts const& facts, Subject const& subject) {
    auto const* const item = "blacklist";
    auto const& name = subject.module.name;
    if (!facts.blacklist)
        return unknown(item, facts.blacklist.error());
    auto const names = base::split(base::trimmed(*facts.blacklist), ',');
    if (std::find(names.begin(), names.end(), name) == names.end())
        return passed(item, "the kernel's command line does not forbid it");
    return failed(item, answer(name, EPERM, "Module " + name + " is blacklisted"));
}

Check check_name(Facts const& facts, Subject const& subject) {
    auto const* const item = "module-name";
    auto const& name = subject.module.name;
    if (subject.enabled)
        return passed(item, "it is what is loaded under the name " + name);
    if (!facts.initstate)
        return passed(item, "no module is loaded under the name " + name);
    if (*facts.initstate != "live")
        return unknown(item, "a module of this name is " + *facts.initstate);
    if (subject.leftover_goes)
        return passed(item, "what is left of an earlier load is unloaded before");
    auto error = answer(name, EEXIST);
    auto const* patch = facts.observed ? facts.observed->find(name) : nullptr;
    if (patch != nullptr && patch->state == PatchState::disabled) {
        error.cause = "a disabled module of this name is still there";
        error.remedy =
            patch->pinned ? "it was forced and stays until reboot" : "unload it: rmmod " + name;
    }
    return failed(item, std::move(error));
}

Check check_dependencies(Facts const& facts, Subject const& subject) {
    auto const* const item = "dependencies";
    if (!facts.missing.empty())
        return failed(item, missing_dependency(subject.module.name, facts.missing.front()));
    if (subject.module.depends.empty())
        return not_applicable(item, "it depends on no other module");
    return passed(item, fmt::format("loaded: {}", fmt::join(subject.module.depends, ", ")));
}

Check check_targets(Facts const& facts, Subject const& subject) {
    auto const* const item = "target-modules";
    if (subject.module.objects.empty())
        return unknown(item, "its file does not tell what it patches");
    if (facts.targets.empty())
        return not_applicable(item, "it patches the kernel itself only");
    std::vector<std::string> loaded;
    std::vector<std::string> absent;
    std::vector<std::string> foreign;
    for (auto const& [name, target] : facts.targets) {
        (target.loaded ? loaded : absent).push_back(name);
        if (target.loaded && target.out_of_tree)
            foreign.push_back(name);
    }
    if (!foreign.empty())
        return warning(
            item,
            fmt::format(
                "not the kernel's own, but built out of its tree: {}", fmt::join(foreign, ", ")
            ),
            "make sure that it was built for this very module: it would undo what that one has more"
        );
    std::string reason;
    if (!loaded.empty())
        reason = fmt::format("loaded: {}", fmt::join(loaded, ", "));
    if (!absent.empty())
        reason += fmt::format(
            "{}active once loaded: {}", reason.empty() ? "" : "; ", fmt::join(absent, ", ")
        );
    return passed(item, reason);
}

Check check_others(Facts const& facts, Subject const& subject) {
    auto const* const item = "other-livepatches";
    if (!facts.observed)
        return unknown(item, facts.observed.error());
    std::vector<std::string> others;
    for (auto const& patch : facts.observed->patches)
        if (patch.name != subject.module.name && patch.state == PatchState::enabled)
            others.push_back(patch.name);
    if (others.empty())
        return passed(item, "no other livepatch is enabled");
    auto const list = fmt::format("{}", fmt::join(others, ", "));
    switch (subject.module.replace) {
    case module::Replace::yes:
        return passed(item, "it is cumulative and replaces " + list);
    case module::Replace::no:
        return passed(item, "it is added to " + list);
    case module::Replace::unknown:
        break;
    }
    return warning(item, "it may be cumulative, and replace " + list);
}

void add_host(Checks& checks, Facts const& facts, Subject const* subject) {
    checks.push_back(check_support(facts, subject));
    checks.push_back(check_space(facts));
    checks.push_back(check_rights(facts, subject));
    checks.push_back(check_modules_disabled(facts, subject));
    checks.push_back(check_secure_boot(facts));
}

} // namespace

base::Error missing_dependency(std::string const& patch, std::string const& module) {
    return {
        .code = base::Errc::load_failed,
        .subject = patch,
        .cause = "depends on the module '" + module + "', which is not loaded",
        .remedy = "modprobe " + module,
        .os_error = ENOENT};
}

Checks examine(Facts const& facts, Subject const* subject) {
    Checks checks;
    add_host(checks, facts, subject);
    if (subject != nullptr) {
        checks.push_back(check_kernel_signature(facts, *subject));
        checks.push_back(check_blacklist(facts, *subject));
        checks.push_back(check_name(facts, *subject));
        checks.push_back(check_dependencies(facts, *subject));
    }
    checks.push_back(check_ftrace(facts, subject));
    if (subject != nullptr) {
        checks.push_back(check_targets(facts, *subject));
        for (auto& check : examine_functions(facts, *subject))
            checks.push_back(std::move(check));
        checks.push_back(check_others(facts, *subject));
    }
    checks.push_back(check_transition(facts, subject));
    checks.push_back(check_forced(facts));
    checks.push_back(check_stacks(facts));
    return checks;
}

} // namespace livepatch::preflight
