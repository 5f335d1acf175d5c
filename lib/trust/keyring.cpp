#include "trust/keyring.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "trust/certificates.hpp"

#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace livepatch::trust {

namespace {

constexpr std::size_t file_limit = std::size_t{256} * 1024;
constexpr std::size_t most_files = 1000;

base::Error problem(std::string subject, std::string cause, std::string remedy = {}) {
    return {
        .code = base::Errc::verification_failed,
        .subject = std::move(subject),
        .cause = std::move(cause),
        .remedy = std::move(remedy),
    };
}

// Links are followed, the directory is the admin's; what is behind one must be a file.
base::Result<std::string> read_regular_file(std::filesystem::path const& path) {
    base::UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd)
        return base::system_error(path.string(), "cannot open", errno);

    struct stat status {};

    if (::fstat(fd.get(), &status) != 0)
        return base::system_error(path.string(), "cannot stat", errno);
    if (!S_ISREG(status.st_mode))
        return problem(path.string(), "not a regular file");
    return base::read_file(fd.get(), path.string(), file_limit);
}

// One block between "-----BEGIN NAME-----" and "-----END NAME-----".
struct PemBlock {
    PemBlock() = default;
    PemBlock(PemBlock const&) = delete;
    PemBlock& operator=(PemBlock const&) = delete;

    ~PemBlock() {
        ::OPENSSL_free(name);
        ::OPENSSL_free(header);
        // It may be somebody's private key in the wrong place.
        ::OPENSSL_clear_free(data, static_cast<std::size_t>(size));
    }

    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
};

base::Result<X509Ptr> parse_block(PemBlock const& block, std::string const& subject) {
    std::string_view const name = block.name;
    if (name != PEM_STRING_X509 && name != PEM_STRING_X509_OLD) {
        return problem(
            subject,
            "holds a block '" + std::string(name) + "' that is no certificate",
            "leave only certificates in it"
        );
    }
    auto const* position = block.data;
    X509Ptr certificate(::d2i_X509(nullptr, &position, block.size));
    if (!certificate || position != block.data + block.size)
        return problem(subject, with_reasons("holds a damaged certificate"));
    if (::X509_get0_pubkey(certificate.get()) == nullptr)
        return problem(subject, with_reasons("holds a certificate whose key is unusable"));
    return certificate;
}

base::Error nothing_found(std::string const& content, std::string const& subject) {
    constexpr char der_sequence = 0x30;
    if (content.starts_with(der_sequence)) {
        return problem(
            subject,
            "is not PEM, but looks like DER",
            "convert it: openssl x509 -inform DER -in FILE -out FILE.pem"
        );
    }
    return problem(subject, "holds no certificate");
}

base::Result<std::vector<X509Ptr>>
parse_pem(std::string const& content, std::string const& subject) {
    std::vector<X509Ptr> certificates;
    BioPtr const in(::BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
    for (;;) {
        ::ERR_clear_error();
        PemBlock block;
        if (!in ||
            ::PEM_read_bio(in.get(), &block.name, &block.header, &block.data, &block.size) != 1)
            break;
        auto certificate = parse_block(block, subject);
        if (!certificate)
            return certificate.error();
        certificates.push_back(std::move(*certificate));
    }
    bool const at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!at_end)
        return problem(subject, with_reasons("is damaged"));
    ::ERR_clear_error();
    if (certificates.empty())
        return nothing_found(content, subject);
    return certificates;
}

void add_file(Keyring::Certificates& keyring, std::filesystem::path const& path) {
    auto content = read_regular_file(path);
    if (!content) {
        keyring.problems.push_back(std::move(content).error());
        return;
    }
    auto certificates = parse_pem(*content, path.string());
    if (!certificates) {
        keyring.problems.push_back(std::move(certificates).error());
        return;
    }
    for (auto& certificate : *certificates)
        keyring.trusted.push_back(std::move(certificate));
}

bool is_certificate_file(std::string_view name) {
    return name.ends_with(".pem") && !name.starts_with('.');
}

void add_directory(Keyring::Certificates& keyring) {
    auto names = base::list_directory(keyring.directory, most_files);
    if (!names) {
        if (names.error().os_error != ENOENT)
            keyring.problems.push_back(std::move(names).error());
        return;
    }
    for (auto const& name : *names)
        if (is_certificate_file(name))
            add_file(keyring, keyring.directory / name);
}

void add_named(Keyring::Certificates& keyring, std::string const& name) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
        keyring.problems.push_back(problem(
            name,
            "no name of a file in " + keyring.directory.string(),
            "name it without a directory"
        ));
        return;
    }
    add_file(keyring, keyring.directory / name);
}

} // namespace

Keyring::Keyring() : certificates_(std::make_shared<Certificates const>()) {}

Keyring
Keyring::load(std::filesystem::path const& directory, std::vector<std::string> const& names) {
    auto loaded = std::make_shared<Certificates>();
    loaded->directory = directory;
    if (names.empty())
        add_directory(*loaded);
    for (auto const& name : names)
        add_named(*loaded, name);
    Keyring keyring;
    keyring.certificates_ = std::move(loaded);
    return keyring;
}

bool Keyring::empty() const {
    return certificates_->trusted.empty();
}

std::vector<base::Error> const& Keyring::problems() const {
    return certificates_->problems;
}

Keyring::Certificates const& Keyring::certificates() const {
    return *certificates_;
}

} // namespace livepatch::trust
