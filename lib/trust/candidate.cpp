#include "trust/candidate.hpp"

#include "base/sha256.hpp"
#include "module/unpack.hpp"

#include <utility>

namespace livepatch::trust {

Candidate::Candidate(
    std::string subject, base::SealedFile file, module::LivepatchModule module, std::string sha256
)
    : subject_(std::move(subject)),
      file_(std::move(file)),
      module_(std::move(module)),
      sha256_(std::move(sha256)) {}

base::Result<Candidate> Candidate::read(int fd, std::string subject) {
    auto file = module::unpack(fd, subject);
    if (!file)
        return file.error();
    auto module = module::parse_module(file->bytes(), subject);
    if (!module)
        return module.error();
    auto digest = base::sha256(file->bytes());
    return Candidate(std::move(subject), std::move(*file), std::move(*module), std::move(digest));
}

} // namespace livepatch::trust
