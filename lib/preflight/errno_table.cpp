#include "preflight/errno_table.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <span>
#include <string_view>
#include <system_error>

namespace livepatch::preflight {

namespace {

using base::Errc;

using Holds = bool (*)(Refusal const&);

// A row holds when the number is its own (0: whatever it is), one of the kernel's lines has `sign`
// in it ("": none needed) and the circumstances are as `holds` wants them. The first row that holds
// decides. In the texts, {detail} is what that line has in quotes, {error} the number in words and
// {transition} the patch in transition.
struct Row {
    int os_error;
    Errc code;
    std::string_view sign;
    Holds holds;
    std::string_view cause;
    std::string_view remedy;
};

bool always(Refusal const&) {
    return true;
}

bool modules_disabled(Refusal const& refusal) {
    return refusal.circumstances.modules_disabled;
}

bool locked_down(Refusal const& refusal) {
    return refusal.circumstances.locked_down;
}

bool enforces_signatures(Refusal const& refusal) {
    return refusal.circumstances.enforces_signatures;
}

bool another_in_transition(Refusal const& refusal) {
    auto const& transition = refusal.circumstances.transition;
    return !transition.empty() && transition != refusal.name;
}

bool ftrace_is_off(Refusal const& refusal) {
    return !refusal.circumstances.ftrace_enabled;
}

bool unsettled(Refusal const& refusal) {
    return !refusal.circumstances.settled;
}

bool enables(Refusal const& refusal) {
    return refusal.operation == Operation::enable;
}

constexpr std::string_view enrol =
    "enrol its certificate (mokutil --import) or take one signed by a key the kernel knows";
constexpr std::string_view other_build = "get the patch for this very kernel build";
constexpr std::string_view ask_publisher = "tell its publisher";
constexpr std::string_view modules_off =
    "it stays so until reboot; take kernel.modules_disabled out of sysctl.d";
constexpr std::string_view ftrace_off = "ftrace is switched off (kernel.ftrace_enabled=0)";
constexpr std::string_view ftrace_on = "sysctl kernel.ftrace_enabled=1";
constexpr std::string_view transition = "another livepatch, '{transition}', is in transition";
constexpr std::string_view needs_capability = "it needs CAP_SYS_MODULE outside of any container";
constexpr std::string_view unknown_symbol = "it uses a symbol that the kernel does not give it";
constexpr std::string_view no_function = "its function '{detail}' is not in this kernel";
constexpr std::string_view unknown_signer =
    "the kernel is locked down and does not know its signer";

// A table reads better than the formatter thinks.
// clang-format off

// kernel/module/main.c, kernel/module/signing.c, kernel/livepatch/core.c; the lines are the same
// from 6.1 to 7.2.
constexpr Row load_rows[] = {
    // The patch's own answer may be any number.
    {0, Errc::load_failed, "pre-patch callback failed", always,
     "its own pre-patch callback for '{detail}' refused: {error}", ask_publisher},

    {EPERM, Errc::unsupported, "", modules_disabled,
     "loading of modules is switched off (kernel.modules_disabled)", modules_off},
    {EPERM, Errc::load_failed, "is blacklisted", always,
     "the kernel's command line forbids it (module_blacklist=)", "take it from there and reboot"},
    {EPERM, Errc::load_failed, "LoadPin", always,
     "LoadPin allows modules of one file system only", "see loadpin.enforce"},
    {EPERM, Errc::verification_failed, "Lockdown", always, unknown_signer, enrol},
    {EPERM, Errc::verification_failed, "", locked_down, unknown_signer, enrol},
    {EPERM, Errc::load_failed, "", always, "this process may not load modules", needs_capability},
    {EACCES, Errc::load_failed, "", always,
     "a security module (SELinux or IMA) forbids it", "see the audit log"},

    {ENOEXEC, Errc::wrong_kernel, "version magic", always,
     "built for another kernel (its version magic is '{detail}')", other_build},
    {0, Errc::wrong_kernel, "disagrees about version of symbol", always,
     "built for another kernel: a symbol it uses has changed", other_build},
    {ENOEXEC, Errc::unsupported, "livepatch support is disabled", always,
     "this kernel is built without livepatching", "boot a kernel with CONFIG_LIVEPATCH=y"},
    {ENOEXEC, Errc::load_failed, "existing value is nonzero", always,
     "its relocations do not fit", ask_publisher},
    {ENOEXEC, Errc::load_failed, "", always, "the kernel finds no module in it", "see dmesg"},

    {EBADMSG, Errc::verification_failed, "", always,
     "the kernel finds its signature malformed", ask_publisher},
    {EKEYREJECTED, Errc::verification_failed, "authattrs", always,
     "the kernel refuses a signature with signed attributes",
     "sign it without them (scripts/sign-file, openssl cms -noattr)"},
    {EKEYREJECTED, Errc::verification_failed, "unsigned module", always,
     "the kernel enforces signatures and it has none", enrol},
    {EKEYREJECTED, Errc::verification_failed, "unavailable key", always,
     "the kernel enforces signatures and does not know its signer", enrol},
    {EKEYREJECTED, Errc::verification_failed, "unsupported crypto", always,
     "the kernel enforces signatures and cannot check this kind", "sign it with RSA and sha256"},
    {EKEYREJECTED, Errc::verification_failed, "", enforces_signatures,
     "the kernel enforces signatures and does not accept this one", enrol},
    {EKEYREJECTED, Errc::verification_failed, "", always,
     "the kernel knows its signer, but the signature does not match or is revoked", ask_publisher},
    {ENOKEY, Errc::verification_failed, "", always, "the kernel does not know its signer", enrol},
    {ENOPKG, Errc::verification_failed, "", always,
     "the kernel cannot check this kind of signature", "sign it with RSA and sha256"},

    {EEXIST, Errc::conflict, "", always,
     "a module of this name is loaded", "revert and unload it first"},

    {EBUSY, Errc::load_failed, "failed to register ftrace handler", ftrace_is_off,
     ftrace_off, ftrace_on},
    {EBUSY, Errc::load_failed, "failed to register ftrace handler", always,
     "something else redirects its function '{detail}', maybe a kprobe with a post handler",
     "see the lines with flag I in /sys/kernel/tracing/enabled_functions"},
    {EBUSY, Errc::busy, "", another_in_transition, transition, "wait until it ends"},
    {EBUSY, Errc::load_failed, "", ftrace_is_off, ftrace_off, ftrace_on},
    // No line at all: __klp_enable_patch says nothing of a transition, nor add_unformed_module of
    // a module of that name that is being loaded.
    {EBUSY, Errc::busy, "", always, "another livepatch was in transition", "try again"},

    {ENOENT, Errc::load_failed, "Unknown symbol", always,
     unknown_symbol, "load the modules it depends on"},
    {ENOENT, Errc::load_failed, "kallsyms size lookup failed", always, no_function, other_build},

    {EINVAL, Errc::load_failed, "is not marked as a livepatch module", always,
     "it is not marked as a livepatch", ask_publisher},
    {EINVAL, Errc::load_failed, "not found in symbol table", always, no_function, other_build},
    {EINVAL, Errc::load_failed, "unresolvable ambiguity", always,
     "this kernel has several functions '{detail}' and it does not say which", ask_publisher},
    {EINVAL, Errc::load_failed, "symbol position", always,
     "this kernel has fewer functions '{detail}' than it counts", other_build},
    {EINVAL, Errc::load_failed, "failed to find location for function", always,
     "its function '{detail}' cannot be traced, so it cannot be patched", ask_publisher},
    {EINVAL, Errc::load_failed, "not compatible with the already installed livepatches", always,
     "it does not know the states of the livepatches that are loaded",
     "revert these first, or get a newer cumulative patch"},
    {EINVAL, Errc::load_failed, "Unknown symbol", always, unknown_symbol, other_build},
    {EINVAL, Errc::load_failed, "", always, "the kernel finds it invalid", "see dmesg"},

    {ENODEV, Errc::load_failed, "", always,
     "livepatching or ftrace is out of order since an error of the kernel", "see dmesg; reboot"},
    {ENOSYS, Errc::unsupported, "", always,
     "this kernel cannot load modules, or cannot livepatch safely", "boot another kernel"},
    {EOPNOTSUPP, Errc::unsupported, "", always,
     "this kernel cannot load a module of this kind", "boot another kernel"},
};

// kernel/livepatch/core.c: enabled_store
constexpr Row write_rows[] = {
    {ENOENT, Errc::not_found, "", always, "not there any more", ""},
    {ENODEV, Errc::not_found, "", always, "not there any more", ""}, // since the file was opened
    {EBUSY, Errc::busy, "", another_in_transition, transition, "wait until it ends"},
    {EBUSY, Errc::busy, "", always, "another livepatch was in transition", "try again"},
    {EINVAL, Errc::unsupported, "", enables,
     "a disabled livepatch cannot be enabled again", "unload it and load it anew"},
    {EINVAL, Errc::busy, "", always, "its state is just changing", "try again"},
    {EROFS, Errc::failed, "", always,
     "/sys is read-only for this process",
     "put ReadWritePaths=/sys/kernel/livepatch into its unit"},
    {EACCES, Errc::failed, "", always, "this process may not change livepatches", "run it as root"},
    {EPERM, Errc::failed, "", always, "this process may not change livepatches", "run it as root"},
};

// kernel/module/main.c: delete_module
constexpr Row remove_rows[] = {
    {ENOENT, Errc::not_found, "", always, "not loaded any more", ""},
    {EAGAIN, Errc::busy, "", always,
     "still in use", "try again; a patch that was forced out stays until reboot"},
    {EBUSY, Errc::busy, "", unsettled, "just being loaded or unloaded", "try again"},
    {EBUSY, Errc::unsupported, "", always,
     "the module has no exit function", "it does nothing any more and goes with the next reboot"},
    {EPERM, Errc::unsupported, "", modules_disabled,
     "unloading of modules is switched off (kernel.modules_disabled)", modules_off},
    {EPERM, Errc::failed, "", always, "this process may not unload modules", needs_capability},
    {ENOSYS, Errc::unsupported, "", always, "this kernel cannot unload modules", ""},
};

// clang-format on

struct Way {
    std::span<Row const> rows;
    std::string_view what; // for numbers that have no row
    Errc otherwise;
};

Way way_of(Operation operation) {
    switch (operation) {
    case Operation::load:
        return {load_rows, "the kernel refused it", Errc::load_failed};
    case Operation::disable:
        return {write_rows, "cannot disable", Errc::failed};
    case Operation::enable:
        return {write_rows, "cannot enable", Errc::failed};
    case Operation::remove:
        break;
    }
    return {remove_rows, "cannot unload", Errc::failed};
}

std::string_view line_with(Refusal const& refusal, std::string_view sign) {
    for (auto const& line : refusal.kernel_lines)
        if (line.find(sign) != std::string::npos)
            return line;
    return {};
}

// The first words in 'quotes'.
std::string_view quoted(std::string_view line) {
    auto const open = line.find('\'');
    if (open == std::string_view::npos)
        return {};
    auto const close = line.find('\'', open + 1);
    return close == std::string_view::npos ? std::string_view()
                                           : line.substr(open + 1, close - open - 1);
}

bool holds(Row const& row, Refusal const& refusal) {
    return (row.os_error == 0 || row.os_error == refusal.os_error) &&
           (row.sign.empty() || !line_with(refusal, row.sign).empty()) && row.holds(refusal);
}

} // namespace

base::Error explain(Refusal const& refusal) {
    auto const way = way_of(refusal.operation);
    for (auto const& row : way.rows) {
        if (!holds(row, refusal))
            continue;
        auto const line = row.sign.empty() ? std::string_view() : line_with(refusal, row.sign);
        return {
            .code = row.code,
            .subject = refusal.name,
            .cause = fmt::format(
                fmt::runtime(row.cause),
                fmt::arg("detail", quoted(line)),
                fmt::arg("error", std::generic_category().message(refusal.os_error)),
                fmt::arg("transition", refusal.circumstances.transition)
            ),
            .remedy = std::string(row.remedy),
            .os_error = refusal.os_error,
            .kernel_log = refusal.kernel_lines,
        };
    }
    auto error = base::system_error(refusal.name, way.what, refusal.os_error);
    error.code = way.otherwise;
    error.kernel_log = refusal.kernel_lines;
    return error;
}

} // namespace livepatch::preflight
