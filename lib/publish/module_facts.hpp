// What a module file says, as a catalogue repeats it.
#pragma once

#include "base/result.hpp"
#include "trust/candidate.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace livepatch::publish {

struct ModuleRules {
    bool may_be_unsigned = false;
    std::filesystem::path certificates; // "" = whoever signed it; else a directory of PEM files
};

class ModuleFacts {
public:
    // Refused: what no host could load. The errors are those of trust::Candidate::read, and
    // verification_failed for a licence that the kernel gives no livepatching to, a missing
    // signature, and one that no host takes whatever certificates it has.
    static base::Result<ModuleFacts>
    read(std::filesystem::path const& file, ModuleRules const& rules);

    module::LivepatchModule const& module() const { return candidate_.module(); }

    // Uncompressed: what is published.
    std::string_view bytes() const;

    std::string const& signer() const { return signer_; } // for people; "" = unsigned

    // "module" of a catalogue's entry, for that path in the repository.
    nlohmann::json entry(std::string const& path) const;

    nlohmann::json functions() const; // [{"object","name","sympos"}]
    nlohmann::json objects() const;   // ["vmlinux"]

private:
    ModuleFacts(trust::Candidate candidate, std::string signer, std::string digest);

    trust::Candidate candidate_;
    std::string signer_;
    std::string digest_;
};

} // namespace livepatch::publish
