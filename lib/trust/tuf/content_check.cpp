#include "trust/tuf/content_check.hpp"

#include "base/text.hpp"
#include "trust/openssl.hpp"
#include "trust/tuf/refusal.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace livepatch::trust::tuf {

namespace {

constexpr std::string_view other_content =
    "if it is being copied, copy timestamp.json last; if it comes from a mirror, try another";

std::string read_hash(Fields const& hashes, std::string const& name, std::size_t digits) {
    if (!hashes.has(name))
        return {};
    auto text = hashes.text(name, digits);
    bool const is_hex = std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (text.size() != digits || !is_hex)
        hashes.refuse(name, std::to_string(digits) + " digits of lower-case hex");
    return text;
}

std::shared_ptr<EVP_MD_CTX> hasher(std::string const& wanted, EVP_MD const* algorithm) {
    if (wanted.empty())
        return nullptr;
    std::shared_ptr<EVP_MD_CTX> context(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free);
    // Fails only when memory or the provider is missing, as in base::sha256.
    if (!context || ::EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1)
        throw std::runtime_error("OpenSSL cannot compute a digest");
    return context;
}

bool matches(std::shared_ptr<EVP_MD_CTX> const& context, std::string const& wanted) {
    if (!context)
        return true;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    return ::EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1 &&
           base::hex(std::as_bytes(std::span(digest).first(size))) == wanted;
}

} // namespace

Hashes Hashes::read(Fields const& hashes) {
    Hashes read{
        .sha256 = read_hash(hashes, "sha256", 64), .sha512 = read_hash(hashes, "sha512", 128)};
    if (read.sha256.empty() && read.sha512.empty())
        hashes.refuse("sha256", "there");
    return read;
}

ContentCheck::ContentCheck(ContentDescription description, std::size_t limit, std::string subject)
    : description_(std::move(description)),
      limit_(limit),
      subject_(std::move(subject)),
      sha256_(hasher(description_.hashes.sha256, ::EVP_sha256())),
      sha512_(hasher(description_.hashes.sha512, ::EVP_sha512())) {}

base::Result<void> ContentCheck::append(std::span<std::byte const> bytes) {
    size_ += bytes.size();
    if (description_.length && size_ > static_cast<std::size_t>(*description_.length)) {
        return refusal(
            subject_,
            "longer than the " + std::to_string(*description_.length) + " bytes it was signed with",
            std::string(other_content)
        );
    }
    if (size_ > limit_) {
        return base::Error{
            .code = base::Errc::limits_exceeded,
            .subject = subject_,
            .cause = "longer than " + std::to_string(limit_) + " bytes",
            .remedy = {}};
    }
    for (auto const& context : {sha256_, sha512_})
        if (context)
            ::EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
    return {};
}

base::Result<void> ContentCheck::finish() {
    if (description_.length && size_ != static_cast<std::size_t>(*description_.length)) {
        return refusal(
            subject_,
            std::to_string(size_) + " bytes long, but signed with " +
                std::to_string(*description_.length),
            std::string(other_content)
        );
    }
    if (!matches(sha256_, description_.hashes.sha256) ||
        !matches(sha512_, description_.hashes.sha512))
        return refusal(subject_, "its hash is not the signed one", std::string(other_content));
    return {};
}

base::Result<void> check_content(
    ContentDescription const& description, std::string_view bytes, std::string_view subject
) {
    ContentCheck check(description, bytes.size(), std::string(subject));
    if (auto appended = check.append(std::as_bytes(std::span(bytes))); !appended)
        return appended;
    return check.finish();
}

} // namespace livepatch::trust::tuf
