// A module file on its way in: read, unpacked and sealed, but not yet verified.
#pragma once

#include "base/result.hpp"
#include "base/sealed_file.hpp"
#include "module/livepatch_module.hpp"
#include "trust/hashed_module.hpp"

#include <cstddef>
#include <string>

namespace livepatch::trust {

class Candidate {
public:
    // Reads an open regular file; `subject` names it in errors. The errors are those of
    // module::unpack and module::parse_module.
    static base::Result<Candidate> read(int fd, std::string subject);

    // A file that is sealed already, and not packed. verification_failed when it is not the one
    // with this digest; it is not parsed then.
    static base::Result<Candidate>
    parse(base::SealedFile file, std::string subject, std::string const& sha256);

    std::string const& subject() const { return subject_; }

    module::LivepatchModule const& module() const { return module_; }

    // Of the unpacked bytes, lower-case hex.
    std::string const& sha256() const { return hashed_.sha256(); }

    base::SealedFile const& file() const { return file_; }

private:
    friend class Verifier;
    Candidate(
        std::string subject,
        base::SealedFile file,
        module::LivepatchModule module,
        HashedModule hashed
    );
    std::string subject_;
    base::SealedFile file_;
    module::LivepatchModule module_;
    HashedModule hashed_; // the bytes of file_, which stay where they are when it is moved
};

} // namespace livepatch::trust
