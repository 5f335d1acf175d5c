// The signature at the end of a module file (include/linux/module_signature.h).
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace livepatch::module {

struct AppendedSignature {
    std::span<std::byte const> content; // what is signed: everything before the signature
    std::span<std::byte const> pkcs7;   // DER
};

// Whether the file ends like a signed one. If it does, the kernel insists on a well-formed
// signature even where it does not enforce signatures (kernel/module/signing.c: EBADMSG is fatal).
bool has_signature_marker(std::span<std::byte const> file);

// Splits the file. verification_failed when it is not signed, or the trailer breaks a rule of
// kernel/module_signature.c:mod_check_sig. The parts point into `file`.
base::Result<AppendedSignature>
split_signature(std::span<std::byte const> file, std::string_view subject);

// The ELF file, which the signature is no part of; `file` itself when it is not signed.
base::Result<std::span<std::byte const>> without_signature(std::span<std::byte const> file);

} // namespace livepatch::module
