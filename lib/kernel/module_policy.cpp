#include "kernel/module_policy.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <string_view>

namespace livepatch::kernel {

namespace {

std::string content_of(std::filesystem::path const& path) {
    auto content = base::read_file(path, 4096);
    return content ? std::move(*content) : std::string();
}

// "none [integrity] confidentiality"
std::string lockdown(Root const& root) {
    auto const content = content_of(root.sys / "kernel/security/lockdown");
    auto const begin = content.find('[');
    auto const end = content.find(']', begin);
    if (begin == std::string::npos || end == std::string::npos)
        return {};
    auto const level = content.substr(begin + 1, end - begin - 1);
    return level == "none" ? std::string() : level;
}

// Four bytes of attributes, then the value (UEFI specification, global variable SecureBoot).
bool secure_boot(Root const& root) {
    auto const content = content_of(
        root.sys / "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    );
    return content.size() == 5 && content[4] == 1;
}

} // namespace

std::string signatures_wanted(Root const& root) {
    if (auto const level = lockdown(root); !level.empty())
        return "the kernel is locked down (" + base::escaped(level) + ")";
    auto const enforced = content_of(root.sys / "module/module/parameters/sig_enforce");
    if (base::trimmed(enforced) == "Y" || base::trimmed(enforced) == "1")
        return "the kernel enforces module signatures (module.sig_enforce)";
    if (secure_boot(root))
        return "Secure Boot is on";
    return {};
}

} // namespace livepatch::kernel
