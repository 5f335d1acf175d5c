#include "trust/openssl.hpp"

#include "base/text.hpp"

namespace livepatch::trust {

std::string take_reasons() {
    std::string text;
    while (auto const code = ::ERR_get_error()) {
        auto const* reason = ::ERR_reason_error_string(code);
        if (reason == nullptr)
            continue;
        text += text.empty() ? "" : ", ";
        text += reason;
    }
    return text;
}

std::string with_reasons(std::string const& cause) {
    auto const reasons = take_reasons();
    return reasons.empty() ? cause : cause + " (OpenSSL: " + reasons + ")";
}

std::string text_of(X509_NAME const* name) {
    BioPtr const out(::BIO_new(::BIO_s_mem()));
    if (!out || name == nullptr)
        return {};
    constexpr unsigned long as_utf8 =
        XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
    ::X509_NAME_print_ex(out.get(), name, 0, as_utf8);
    char* data = nullptr;
    auto const size = ::BIO_get_mem_data(out.get(), &data); // NOLINT: an OpenSSL macro
    return size > 0 ? base::escaped({data, static_cast<std::size_t>(size)}) : std::string();
}

} // namespace livepatch::trust
