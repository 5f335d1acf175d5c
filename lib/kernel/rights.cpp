#include "kernel/rights.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <linux/capability.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace livepatch::kernel {

namespace {

constexpr std::string_view initial_user_namespace = "user:[4026531837]"; // PROC_USER_INIT_INO

base::Error not_told(std::filesystem::path const& path, std::string cause) {
    return {
        .code = base::Errc::failed,
        .subject = path.string(),
        .cause = std::move(cause),
        .remedy = {}};
}

} // namespace

base::Result<Rights> rights(Root const& root) {
    auto const path = root.proc / "self/status";
    auto const status = base::read_file(path);
    if (!status)
        return status.error();
    constexpr std::string_view label = "CapEff:";
    auto const at = status->find(label);
    if (at == std::string::npos)
        return not_told(path, "does not tell capabilities");
    auto digits = std::string_view(*status).substr(at + label.size());
    digits = base::trimmed(digits.substr(0, digits.find('\n')));
    std::uint64_t effective = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), effective, 16);
    std::error_code failed;
    auto const space = std::filesystem::read_symlink(root.proc / "self/ns/user", failed);
    if (failed)
        return not_told(root.proc / "self/ns/user", "cannot read: " + failed.message());
    return Rights{
        .may_load = ((effective >> CAP_SYS_MODULE) & 1U) != 0,
        .initial = space.string() == initial_user_namespace};
}

} // namespace livepatch::kernel
