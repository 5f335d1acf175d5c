// Livepatch modules as files in a source's directory.
#pragma once

#include "support/livepatch_builder.hpp"
#include "support/module_signer.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace livepatch::support {

struct ModuleFile {
    std::string name = "lp_one";
    std::string release = "6.1.0-56-amd64"; // as FakeKernelTree has it
    std::vector<std::string> functions = {"cmdline_proc_show"};
    bool replace = false;
    std::string version = "1"; // another one makes another digest
    std::string build_id = {}; // hex; "" = none
    std::string depends = {};  // a module; "" = none
    bool tells_replace = true; // false: as kpatch-build makes it, which tells nothing
    std::vector<std::pair<std::string, std::uint64_t>> versions = {}; // of symbols; none = without

    std::string unsigned_bytes() const {
        auto elf = tells_replace ? by_hand() : livepatch_builder(name, release);
        auto& modinfo = elf[".modinfo"].bytes;
        modinfo += strings({"version=" + version});
        if (!depends.empty())
            modinfo.replace(modinfo.find("depends="), 8, "depends=" + depends);
        if (!build_id.empty())
            elf.add({".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, note(build_id)});
        if (!versions.empty())
            elf.add({"__versions", SHT_PROGBITS, SHF_ALLOC, symbol_versions_section(versions)});
        return elf.build();
    }

    std::string signed_by(SigningKey const& key) const {
        return sign_module(unsigned_bytes(), key);
    }

private:
    ElfBuilder by_hand() const {
        StaticPatch patch;
        patch.name = name;
        patch.release = release;
        patch.replace = replace ? 1 : 0;
        patch.objects = {{"", {}}};
        for (auto const& function : functions)
            patch.objects.front().functions.push_back({function});
        return patch.builder().elf;
    }

    static std::string note(std::string_view hex) {
        std::string id;
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
            id += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
        Elf64_Nhdr const header{4, static_cast<Elf64_Word>(id.size()), 3}; // NT_GNU_BUILD_ID
        return std::string(reinterpret_cast<char const*>(&header), sizeof header) +
               std::string("GNU\0", 4) + id;
    }
};

// One for all tests of a program: keys are slow to make.
inline SigningKey const& test_key() {
    static auto const key = SigningKey::ec("P-256", "test key");
    return key;
}

} // namespace livepatch::support
