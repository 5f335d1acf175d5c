#include "kernel/module_policy.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <string_view>
#include <system_error>

namespace livepatch::kernel {

namespace {

constexpr std::size_t small = 4096;

base::Result<bool>
is_one_of(std::filesystem::path const& path, std::initializer_list<std::string_view> words) {
    auto const content = base::read_file(path, small);
    if (!content)
        return content.error();
    return std::find(words.begin(), words.end(), base::trimmed(*content)) != words.end();
}

// "none [integrity] confidentiality"
base::Result<std::string> lockdown(Root const& root) {
    auto const path = root.sys / "kernel/security/lockdown";
    auto const content = base::read_file(path, small);
    if (!content)
        return content.error();
    auto const begin = content->find('[');
    auto const end = content->find(']', begin);
    if (begin == std::string::npos || end == std::string::npos)
        return base::Error{
            .code = base::Errc::failed,
            .subject = path.string(),
            .cause = "says none of its words",
            .remedy = {}};
    auto level = content->substr(begin + 1, end - begin - 1);
    return level == "none" ? std::string() : level;
}

// The parameter is not there in a kernel that checks no signatures (CONFIG_MODULE_SIG).
base::Result<bool> enforces_signatures(Root const& root) {
    auto const parameters = root.sys / "module/module/parameters";
    auto enforced = is_one_of(parameters / "sig_enforce", {"Y", "1"});
    std::error_code ignored;
    if (!enforced && enforced.error().os_error == ENOENT &&
        std::filesystem::is_directory(root.sys / "module", ignored))
        return false;
    return enforced;
}

} // namespace

ModulePolicy module_policy(Root const& root) {
    auto const settings = root.proc / "sys/kernel";
    return {
        .modules_disabled = is_one_of(settings / "modules_disabled", {"1"}),
        .lockdown = lockdown(root),
        .enforces_signatures = enforces_signatures(root),
        .ftrace_enabled = is_one_of(settings / "ftrace_enabled", {"1"}),
    };
}

// Four bytes of attributes, then the value (UEFI specification, global variable SecureBoot). A
// machine without UEFI has no such thing.
base::Result<bool> secure_boot(Root const& root) {
    std::error_code ignored;
    auto const efi = root.sys / "firmware/efi";
    if (!std::filesystem::exists(efi, ignored))
        return false;
    auto const content =
        base::read_file(efi / "efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", small);
    if (!content && content.error().os_error == ENOENT &&
        !std::filesystem::is_empty(efi / "efivars", ignored) && !ignored)
        return false; // a firmware that knows nothing of it
    if (!content)
        return content.error();
    return content->size() == 5 && (*content)[4] == 1;
}

std::string signatures_wanted(Root const& root) {
    if (auto const level = lockdown(root); level && !level->empty())
        return "the kernel is locked down (" + base::escaped(*level) + ")";
    if (auto const enforced = enforces_signatures(root); enforced && *enforced)
        return "the kernel enforces module signatures (module.sig_enforce)";
    if (auto const secure = secure_boot(root); secure && *secure)
        return "Secure Boot is on";
    return {};
}

} // namespace livepatch::kernel
