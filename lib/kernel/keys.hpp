// The certificates that the kernel knows, as far as it tells: names and key ids, no key.
#pragma once

#include "base/result.hpp"
#include "kernel/root.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

struct KernelKey {
    // As the kernel makes it of the subject: "ORGANISATION: NAME" or "NAME"
    // (crypto/asymmetric_keys/x509_cert_parser.c: x509_fabricate_name).
    std::string name;
    std::string id; // the subject's key id, or the serial number where there is none; hex
};

// Of /proc/keys. It does not tell which keyring a key is in, and shows what this process may see of
// all of them: what is missing is not known to the kernel, what is there may be for another use.
base::Result<std::vector<KernelKey>> kernel_keys(Root const& root);

} // namespace livepatch::kernel
