#include "trust/hashed_module.hpp"

#include "base/text.hpp"
#include "module/appended_signature.hpp"
#include "trust/openssl.hpp"

#include <stdexcept>

namespace livepatch::trust {

namespace {

// Fails only when memory or the provider is missing: nothing that a caller could mend.
void must(int good) {
    if (good != 1)
        throw std::runtime_error(with_reasons("OpenSSL cannot compute SHA-256"));
}

DigestContextPtr new_context() {
    DigestContextPtr context(::EVP_MD_CTX_new());
    must(context ? 1 : 0);
    return context;
}

std::vector<unsigned char> finish(DigestContextPtr const& context) {
    std::vector<unsigned char> digest(EVP_MAX_MD_SIZE);
    unsigned int size = 0;
    must(::EVP_DigestFinal_ex(context.get(), digest.data(), &size));
    digest.resize(size);
    return digest;
}

} // namespace

HashedModule::HashedModule(std::span<std::byte const> file) : bytes_(file) {
    auto const context = new_context();
    must(::EVP_DigestInit_ex(context.get(), ::EVP_sha256(), nullptr));
    auto rest = file;
    if (auto const parts = module::split_signature(file, {})) {
        must(::EVP_DigestUpdate(context.get(), parts->content.data(), parts->content.size()));
        rest = file.subspan(parts->content.size());
        auto const so_far = new_context();
        must(::EVP_MD_CTX_copy_ex(so_far.get(), context.get()));
        content_sha256_ = finish(so_far);
    }
    must(::EVP_DigestUpdate(context.get(), rest.data(), rest.size()));
    auto const whole = finish(context);
    sha256_ = base::hex(std::as_bytes(std::span(whole)));
}

} // namespace livepatch::trust
