#include "trust/candidate.hpp"

#include "module/unpack.hpp"

#include <utility>

namespace livepatch::trust {

Candidate::Candidate(std::string subject, base::SealedFile file, module::LivepatchModule module)
    : subject_(std::move(subject)),
      file_(std::move(file)),
      module_(std::move(module)),
      hashed_(file_.bytes()) {}

base::Result<Candidate> Candidate::read(int fd, std::string subject) {
    auto file = module::unpack(fd, subject);
    if (!file)
        return file.error();
    auto module = module::parse_module(file->bytes(), subject);
    if (!module)
        return module.error();
    return Candidate(std::move(subject), std::move(*file), std::move(*module));
}

} // namespace livepatch::trust
