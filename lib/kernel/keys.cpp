#include "kernel/keys.hpp"

#include "kernel/lines.hpp"

#include <algorithm>
#include <optional>

namespace livepatch::kernel {

namespace {

constexpr std::size_t most_keys = 4096;

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
    auto const word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

bool is_hex(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "SERIAL FLAGS USAGE EXPIRY PERM UID GID asymmetri NAME: ID: X509.rsa 1234abcd []"
// (security/keys/proc.c: proc_keys_show; crypto/asymmetric_keys/x509_public_key.c).
std::optional<KernelKey> key_in(std::string_view line) {
    constexpr int columns_before_type = 7;
    for (int i = 0; i < columns_before_type; ++i)
        take_word(line);
    if (take_word(line) != "asymmetri" || line.empty())
        return std::nullopt;
    line.remove_prefix(1);
    auto const described = line.substr(0, line.rfind(": X509."));
    auto const colon = described.rfind(": ");
    if (colon == std::string_view::npos || !is_hex(described.substr(colon + 2)))
        return KernelKey{.name = std::string(described), .id = {}};
    return KernelKey{
        .name = std::string(described.substr(0, colon)),
        .id = std::string(described.substr(colon + 2))};
}

} // namespace

base::Result<std::vector<KernelKey>> kernel_keys(Root const& root) {
    std::vector<KernelKey> keys;
    auto const read = for_each_line(root.proc / "keys", [&](std::string_view line) {
        if (auto key = key_in(line))
            keys.push_back(*std::move(key));
        return keys.size() < most_keys;
    });
    if (!read)
        return read.error();
    return keys;
}

} // namespace livepatch::kernel
