#include "trust/candidate.hpp"

#include "module/unpack.hpp"

#include <utility>

namespace livepatch::trust {

Candidate::Candidate(
    std::string subject, base::SealedFile file, module::LivepatchModule module, HashedModule hashed
)
    : subject_(std::move(subject)),
      file_(std::move(file)),
      module_(std::move(module)),
      hashed_(std::move(hashed)) {}

base::Result<Candidate> Candidate::read(int fd, std::string subject) {
    auto file = module::unpack(fd, subject);
    if (!file)
        return file.error();
    auto module = module::parse_module(file->bytes(), subject);
    if (!module)
        return module.error();
    HashedModule hashed(file->bytes());
    return Candidate(std::move(subject), std::move(*file), std::move(*module), std::move(hashed));
}

base::Result<Candidate>
Candidate::parse(base::SealedFile file, std::string subject, std::string const& sha256) {
    HashedModule hashed(file.bytes());
    if (hashed.sha256() != sha256) {
        return base::Error{
            .code = base::Errc::verification_failed,
            .subject = std::move(subject),
            .cause = "its hash is not the signed one",
            .remedy = "somebody changed it, or it is being copied"};
    }
    auto module = module::parse_module(file.bytes(), subject);
    if (!module)
        return module.error();
    return Candidate(std::move(subject), std::move(file), std::move(*module), std::move(hashed));
}

} // namespace livepatch::trust
