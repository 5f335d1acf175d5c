#include "module/appended_signature.hpp"

#include "module/bytes.hpp"
#include "module/refusal.hpp"

#include <cstdint>

namespace livepatch::module {

namespace {

constexpr std::string_view marker = "~Module signature appended~\n";

// struct module_signature (include/linux/module_signature.h); its last four bytes are the length of
// what comes before it, big-endian.
constexpr std::size_t trailer_size = 12;
constexpr std::size_t id_type_at = 2;
constexpr std::size_t length_at = 8;
constexpr auto pkcs7_type = std::byte{2}; // PKEY_ID_PKCS7; the others ended with Linux 3.x

bool is_pkcs7_only(Bytes trailer) {
    // mod_check_sig: everything but id_type and the length must be 0.
    for (std::size_t i = 0; i < length_at; ++i)
        if (trailer[i] != (i == id_type_at ? pkcs7_type : std::byte{0}))
            return false;
    return true;
}

std::uint32_t big_endian(Bytes four) {
    std::uint32_t value = 0;
    for (auto const byte : four)
        value = (value << 8U) | std::to_integer<std::uint32_t>(byte);
    return value;
}

} // namespace

bool has_signature_marker(std::span<std::byte const> file) {
    return as_text(file).ends_with(marker);
}

base::Result<AppendedSignature>
split_signature(std::span<std::byte const> file, std::string_view subject) {
    if (!has_signature_marker(file)) {
        return refusal(
            "module is not signed", subject, "sign it with the kernel's sign-file, as the last step"
        );
    }
    auto const signed_part = file.first(file.size() - marker.size());
    if (signed_part.size() < trailer_size)
        return refusal("malformed module signature: cut off", subject);
    auto const trailer = signed_part.last(trailer_size);
    if (!is_pkcs7_only(trailer))
        return refusal("malformed module signature: not of the type PKCS#7", subject);
    auto const rest = signed_part.first(signed_part.size() - trailer_size);
    auto const length = big_endian(trailer.subspan(length_at));
    if (length == 0 || length >= rest.size())
        return refusal("malformed module signature: impossible length", subject);
    return AppendedSignature{
        .content = rest.first(rest.size() - length), .pkcs7 = rest.last(length)};
}

base::Result<std::span<std::byte const>> without_signature(std::span<std::byte const> file) {
    if (!has_signature_marker(file))
        return file;
    auto const parts = split_signature(file, {});
    if (!parts)
        return parts.error();
    return parts->content;
}

} // namespace livepatch::module
