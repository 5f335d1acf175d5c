#include "preflight/errno_table.hpp"
#include "support/catch.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

using namespace livepatch;
using base::Errc;
using preflight::Circumstances;
using preflight::Operation;

namespace {

struct Row {
    int os_error;
    std::string line; // of the kernel; "" = it said nothing
    Errc code;
    std::string_view cause;       // a part of it
    std::string_view remedy = {}; // a part of it
    Circumstances circumstances = {};
};

void check(Operation operation, Row const& row) {
    CAPTURE(row.os_error, row.line);
    std::vector<std::string> lines{"livepatch: enabling patch 'lp'"};
    if (!row.line.empty())
        lines.push_back(row.line);
    lines.emplace_back("livepatch: 'lp': unpatching complete");
    auto const error = preflight::explain({
        .operation = operation,
        .os_error = row.os_error,
        .name = "lp",
        .kernel_lines = lines,
        .circumstances = row.circumstances,
    });
    CAPTURE(error.cause, error.remedy);
    CHECK(error.code == row.code);
    CHECK(error.subject == "lp");
    CHECK(error.cause.find(row.cause) != std::string::npos);
    CHECK(error.remedy.find(row.remedy) != std::string::npos);
    for (auto const* unfilled : {"{detail", "{error", "{transition"})
        CHECK(error.cause.find(unfilled) == std::string::npos);
    CHECK(error.os_error == row.os_error);
    CHECK(error.kernel_log == lines);
}

void check_load(Row const& row) {
    check(Operation::load, row);
}

} // namespace

TEST_CASE("load: not permitted") {
    check_load({EPERM, "", Errc::load_failed, "may not load modules", "CAP_SYS_MODULE"});
    check_load(
        {EPERM,
         "",
         Errc::unsupported,
         "kernel.modules_disabled",
         "reboot",
         {.modules_disabled = true, .locked_down = true}}
    );
    check_load(
        {EPERM, "", Errc::verification_failed, "locked down", "mokutil", {.locked_down = true}}
    );
    check_load(
        {EPERM,
         "Lockdown: livepatchd: unsigned module loading is restricted; see man kernel_lockdown.7",
         Errc::verification_failed,
         "locked down",
         "mokutil"}
    );
    check_load({EPERM, "Module lp is blacklisted", Errc::load_failed, "module_blacklist="});
    check_load({EPERM, "LoadPin: kernel-module denied", Errc::load_failed, "LoadPin"});
    check_load({EACCES, "", Errc::load_failed, "SELinux", "audit"});
}

TEST_CASE("load: made for another kernel, or no module") {
    check_load(
        {ENOEXEC,
         "lp: version magic '6.1.9 SMP' should be '6.1.0-56-amd64 SMP preempt'",
         Errc::wrong_kernel,
         "'6.1.9 SMP'",
         "very kernel build"}
    );
    check_load(
        {ENOEXEC,
         "lp: disagrees about version of symbol module_layout",
         Errc::wrong_kernel,
         "another kernel"}
    );
    check_load(
        {EINVAL,
         "lp: disagrees about version of symbol seq_printf",
         Errc::wrong_kernel,
         "another kernel"}
    );
    check_load(
        {ENOEXEC,
         "lp: module is marked as livepatch module, but livepatch support is disabled",
         Errc::unsupported,
         "without livepatching",
         "CONFIG_LIVEPATCH"}
    );
    check_load(
        {ENOEXEC,
         "x86/modules: Skipping invalid relocation target, existing value is nonzero for type 1",
         Errc::load_failed,
         "relocations"}
    );
    check_load({ENOEXEC, "", Errc::load_failed, "finds no module"});
}

TEST_CASE("load: signatures") {
    Circumstances const enforcing{.enforces_signatures = true};
    check_load({EBADMSG, "", Errc::verification_failed, "malformed"});
    check_load({EKEYREJECTED, "", Errc::verification_failed, "does not match or is revoked"});
    check_load(
        {EKEYREJECTED, "", Errc::verification_failed, "enforces signatures", "mokutil", enforcing}
    );
    check_load(
        {EKEYREJECTED,
         "Loading of unsigned module is rejected",
         Errc::verification_failed,
         "it has none",
         "mokutil",
         enforcing}
    );
    check_load(
        {EKEYREJECTED,
         "Loading of module with unavailable key is rejected",
         Errc::verification_failed,
         "does not know its signer",
         "mokutil",
         enforcing}
    );
    check_load(
        {EKEYREJECTED,
         "Loading of module with unsupported crypto is rejected",
         Errc::verification_failed,
         "cannot check this kind",
         "sha256",
         enforcing}
    );
    check_load(
        {EKEYREJECTED,
         "Invalid module sig (has authattrs)",
         Errc::verification_failed,
         "signed attributes",
         "noattr"}
    );
    check_load({ENOKEY, "", Errc::verification_failed, "does not know its signer", "mokutil"});
    check_load({ENOPKG, "", Errc::verification_failed, "cannot check", "sha256"});
}

TEST_CASE("load: in the way") {
    check_load({EEXIST, "", Errc::conflict, "of this name is loaded", "unload"});
    check_load({EBUSY, "", Errc::busy, "was in transition", "try again"});
    check_load({EBUSY, "", Errc::busy, "'other', is in transition", "wait", {.transition = "other"}}
    );
    check_load({EBUSY, "", Errc::busy, "was in transition", "try again", {.transition = "lp"}});
    check_load(
        {EBUSY,
         "",
         Errc::load_failed,
         "kernel.ftrace_enabled=0",
         "sysctl",
         {.ftrace_enabled = false}}
    );
    std::string const ftrace =
        "livepatch: failed to register ftrace handler for function 'cmdline_proc_show' (-16)";
    check_load({EBUSY, ftrace, Errc::load_failed, "'cmdline_proc_show'", "enabled_functions"});
    // The line knows better than what came to be in transition since.
    check_load(
        {EBUSY,
         ftrace,
         Errc::load_failed,
         "'cmdline_proc_show'",
         "enabled_functions",
         {.transition = "other"}}
    );
    check_load(
        {EBUSY,
         ftrace,
         Errc::load_failed,
         "ftrace is switched off",
         "sysctl",
         {.ftrace_enabled = false}}
    );
}

TEST_CASE("load: the patch does not fit") {
    auto const lp = [](std::string const& text) { return "livepatch: " + text; };
    check_load(
        {ENOENT, "lp: Unknown symbol foo (err -2)", Errc::load_failed, "uses a symbol", "depends"}
    );
    check_load({EINVAL, "lp: Unknown symbol foo (err -22)", Errc::load_failed, "uses a symbol"});
    check_load(
        {ENOENT, lp("kallsyms size lookup failed for 'foo'"), Errc::load_failed, "'foo' is not in"}
    );
    check_load({EINVAL, "", Errc::load_failed, "invalid", "dmesg"});
    check_load(
        {EINVAL,
         lp("module lp is not marked as a livepatch module"),
         Errc::load_failed,
         "not marked as a livepatch"}
    );
    check_load(
        {EINVAL, lp("symbol 'foo' not found in symbol table"), Errc::load_failed, "'foo' is not in"}
    );
    check_load(
        {EINVAL,
         lp("unresolvable ambiguity for symbol 'foo' in object 'vmlinux'"),
         Errc::load_failed,
         "several functions 'foo'"}
    );
    check_load(
        {EINVAL,
         lp("symbol position 3 for symbol 'foo' in object 'vmlinux' not found"),
         Errc::load_failed,
         "fewer functions 'foo'"}
    );
    check_load(
        {EINVAL,
         lp("failed to find location for function 'memcpy'"),
         Errc::load_failed,
         "'memcpy' cannot be traced"}
    );
    check_load(
        {EINVAL,
         lp("Livepatch patch (lp) is not compatible with the already installed livepatches."),
         Errc::load_failed,
         "states"}
    );
}

TEST_CASE("load: the patch's own callback decides, whatever its number") {
    std::string const line = "livepatch: pre-patch callback failed for object 'vmlinux'";
    check_load({EIO, line, Errc::load_failed, "'vmlinux' refused: Input/output error"});
    check_load({ENOSPC, line, Errc::load_failed, "No space left on device"});
    check_load({EBUSY, line, Errc::load_failed, "pre-patch callback", {}, {.transition = "other"}});
    check_load(
        {EPERM, line, Errc::load_failed, "pre-patch callback", {}, {.modules_disabled = true}}
    );
}

TEST_CASE("load: what the kernel lacks, and numbers without a row") {
    check_load({ENODEV, "", Errc::load_failed, "out of order", "reboot"});
    check_load({ENOSYS, "", Errc::unsupported, "cannot load modules"});
    check_load({EOPNOTSUPP, "", Errc::unsupported, "of this kind"});
    check_load({ESTALE, "", Errc::load_failed, "refused it: Stale file handle"});
    check_load({ENOMEM, "", Errc::load_failed, "Cannot allocate memory"});
    check_load({ETXTBSY, "", Errc::load_failed, "Text file busy"});
    check_load({EINTR, "", Errc::load_failed, "Interrupted"});
}

TEST_CASE("load: a line with half its quotes does no harm") {
    check_load({EINVAL, "livepatch: symbol 'foo not found in symbol table", Errc::load_failed, "''"}
    );
    check_load(
        {EINVAL, "livepatch: symbol '{x}' not found in symbol table", Errc::load_failed, "'{x}'"}
    );
}

TEST_CASE("writes to enabled") {
    for (auto const operation : {Operation::disable, Operation::enable}) {
        check(operation, {ENOENT, "", Errc::not_found, "not there any more"});
        check(operation, {ENODEV, "", Errc::not_found, "not there any more"});
        check(operation, {EBUSY, "", Errc::busy, "was in transition", "try again"});
        check(
            operation,
            {EBUSY, "", Errc::busy, "'other', is in transition", "wait", {.transition = "other"}}
        );
        check(operation, {EROFS, "", Errc::failed, "read-only", "ReadWritePaths"});
        check(operation, {EACCES, "", Errc::failed, "may not change", "root"});
        check(operation, {EPERM, "", Errc::failed, "may not change", "root"});
        check(operation, {EIO, "", Errc::failed, "able: Input/output error"});
    }
    check(Operation::enable, {EINVAL, "", Errc::unsupported, "cannot be enabled again", "load it"});
    check(Operation::disable, {EINVAL, "", Errc::busy, "just changing", "try again"});
}

TEST_CASE("removals") {
    check(Operation::remove, {ENOENT, "", Errc::not_found, "not loaded any more"});
    check(Operation::remove, {EAGAIN, "", Errc::busy, "still in use", "try again"});
    check(Operation::remove, {EBUSY, "", Errc::unsupported, "no exit function", "reboot"});
    check(
        Operation::remove,
        {EBUSY, "", Errc::busy, "loaded or unloaded", "again", {.settled = false}}
    );
    check(Operation::remove, {EPERM, "", Errc::failed, "may not unload", "CAP_SYS_MODULE"});
    check(
        Operation::remove,
        {EPERM, "", Errc::unsupported, "modules_disabled", "reboot", {.modules_disabled = true}}
    );
    check(Operation::remove, {ENOSYS, "", Errc::unsupported, "cannot unload"});
    check(Operation::remove, {EFAULT, "", Errc::failed, "cannot unload: Bad address"});
}
