// What a livepatch module file says about itself. Pure parsing of hostile bytes: nothing here is
// believed until lib/trust has verified the file.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::module {

struct Function {
    std::string name;
    std::uint64_t sympos = 0; // position among symbols of that name; 0 = there is only one

    bool operator==(Function const&) const = default;
};

struct Object {
    std::string name; // "vmlinux" or the name of a module
    std::vector<Function> functions;

    bool operator==(Object const&) const = default;
};

// The checksum (CRC) of an interface of the kernel that a module was compiled against.
struct SymbolVersion {
    std::string symbol; // module_layout is in every module
    std::uint64_t crc = 0;

    bool operator==(SymbolVersion const&) const = default;
};

// Whether loading it replaces every patch that is loaded (struct klp_patch, `replace`).
enum class Replace { no, yes, unknown };

struct LivepatchModule {
    std::string name;    // modinfo "name": what the kernel will call it; the file name says nothing
    std::string release; // first word of vermagic; equals `uname -r` of the kernel it was built for
    std::string vermagic; // without the blank at its end
    std::string license;
    std::string version;    // "" where the module has none
    std::string srcversion; // "" where the module has none
    std::string build_id;   // GNU build-id in lower-case hex, "" where the module has none
    std::vector<std::string> depends; // as the kernel calls them: snd_pcm, not snd-pcm
    std::vector<Object>
        objects; // as far as the file tells; empty proves nothing, also of functions
    Replace replace = Replace::unknown;
    std::vector<SymbolVersion> versions; // empty: built without CONFIG_MODVERSIONS, or stripped
};

// Parses an uncompressed module file, signed or not. Refused (verification_failed, naming `subject`
// and the cause): anything that is no ELF64 relocatable object for this machine and its byte order,
// is cut off or inconsistent, has no modinfo name, no vermagic or no livepatch mark; where several
// of these could be taken for the one that counts; text that is not plain; a name that is no name
// of a module (1 to 55 of [A-Za-z0-9_]), or that struct module does not bear; a signature's trailer
// that is malformed. `subject` is the file's name for errors.
base::Result<LivepatchModule>
parse_module(std::span<std::byte const> file, std::string_view subject);

} // namespace livepatch::module
