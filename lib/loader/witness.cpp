#include "loader/witness.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "kernel/livepatch_tree.hpp"
#include "kernel/module_policy.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace livepatch::loader {

namespace {

constexpr std::size_t most_lines = 100;
constexpr int most_batches = 100;

bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool has_word(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        auto const end = at + word.size();
        bool const begins = at == 0 || !is_word_character(text[at - 1]);
        if (begins && (end == text.size() || !is_word_character(text[end])))
            return true;
    }
    return false;
}

} // namespace

bool concerns(kernel::KernelLine const& line, std::string_view module) {
    // Lines of the loader and of signature checks that name no module (kernel/module/signing.c,
    // crypto/asymmetric_keys, security/lockdown, security/loadpin, arch/x86/kernel/module.c).
    constexpr std::array<std::string_view, 7> checks{
        "Lockdown: ",
        "LoadPin: ",
        "Loading of ",
        "PKCS7: ",
        "Invalid module sig",
        "module: ",
        "x86/modules: "};
    auto const& text = line.text;
    if (line.facility != 0)
        return false;
    return text.find("livepatch") != std::string::npos || has_word(text, module) ||
           std::any_of(checks.begin(), checks.end(), [&](auto check) {
               return text.starts_with(check);
           });
}

Witness::Witness(kernel::Root root, std::string name)
    : root_(std::move(root)),
      name_(std::move(name)) {
    if (auto log = kernel::KernelLog::open(root_))
        log_.emplace(*std::move(log));
}

base::Error Witness::refused(preflight::Operation operation, int os_error) {
    return preflight::explain({
        .operation = operation,
        .os_error = os_error,
        .name = name_,
        .kernel_lines = kernel_lines(),
        .circumstances = circumstances(),
    });
}

std::vector<std::string> Witness::kernel_lines() {
    std::vector<std::string> lines;
    for (int i = 0; log_ && i < most_batches; ++i) {
        auto batch = log_->read_new();
        if (!batch || (batch->lines.empty() && !batch->lost))
            break;
        for (auto& line : batch->lines)
            if (lines.size() < most_lines && concerns(line, name_))
                lines.push_back(std::move(line.text));
    }
    return lines;
}

preflight::Circumstances Witness::circumstances() const {
    auto const policy = kernel::module_policy(root_);
    auto const initstate = base::read_file(root_.sys / "module" / name_ / "initstate", 64);
    auto const observed = kernel::LivepatchTree(root_).observe();
    auto const* const transition = observed ? observed->transition() : nullptr;
    return {
        .modules_disabled = policy.modules_disabled && *policy.modules_disabled,
        .locked_down = !policy.lockdown_or_none().empty(),
        .enforces_signatures = policy.enforces_signatures && *policy.enforces_signatures,
        .ftrace_enabled = !policy.ftrace_enabled || *policy.ftrace_enabled,
        .settled = !initstate || base::trimmed(*initstate) == "live",
        .transition = transition == nullptr ? std::string() : transition->name,
    };
}

} // namespace livepatch::loader
