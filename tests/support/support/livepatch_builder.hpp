// Module files that patch something, as the three ways to write a livepatch leave them.
#pragma once

#include "support/elf_builder.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace livepatch::support {

struct PatchedFunction {
    std::string name;
    std::uint64_t sympos = 0;
};

struct PatchedObject {
    std::string name; // "" is vmlinux
    std::vector<PatchedFunction> functions;
};

inline void put(std::string& bytes, std::uint64_t offset, std::uint64_t value) {
    if (bytes.size() < offset + sizeof(value))
        bytes.resize(offset + sizeof(value));
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

// A builder that knows where strings and code are.
class PatchBuilder {
public:
    ElfBuilder elf;

    explicit PatchBuilder(ElfBuilder start) : elf(std::move(start)) {
        auto const text = elf.add({".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code()});
        auto const names = elf.add({".rodata.str1.1", SHT_PROGBITS, SHF_ALLOC, ""});
        text_symbol = elf.symbol("", text, 0, 0, STT_SECTION);
        names_symbol = elf.symbol("", names, 0, 0, STT_SECTION);
    }

    // Makes the word at `offset` point to a string.
    void point_to_string(std::size_t section, std::uint64_t offset, std::string const& text) {
        auto& names = elf[".rodata.str1.1"].bytes;
        elf.relocate(section, offset, names_symbol, static_cast<std::int64_t>(names.size()));
        elf[".rodata.str1.1"].bytes.append(text).push_back('\0');
    }

    void point_to_code(std::size_t section, std::uint64_t offset) {
        elf.relocate(section, offset, text_symbol, 0x40);
    }

    std::size_t text_symbol = 0;
    std::size_t names_symbol = 0;

private:
    // mov $patch,%rdi; jmp klp_enable_patch, as GCC compiles the init function; then room.
    static std::string code() {
        return std::string("\x48\xc7\xc7\0\0\0\0\xe9\0\0\0\0", 12) + std::string(0x80, '\x90');
    }
};

// Written by hand, as samples/livepatch of the kernel.
struct StaticPatch {
    std::vector<PatchedObject> objects = {{"", {{"cmdline_proc_show"}}}};
    char replace = 0;
    bool with_states = false;
    std::uint64_t patch_size = 200;
    std::uint64_t object_size = 168;
    std::uint64_t function_size = 152;
    std::string release = "6.1.0-test";
    std::string name = "lp_test";

    PatchBuilder builder() const {
        PatchBuilder made(livepatch_builder(name, release));
        auto& elf = made.elf;
        auto const data = elf.add({".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, ""});
        auto const here = elf.symbol("", data, 0, 0, STT_SECTION);
        auto const this_module =
            elf.symbol("__this_module", elf.index(".gnu.linkonce.this_module"), 0, 896);
        auto const objects_at = patch_size + 24;
        auto const states_at = objects_at + (objects.size() + 1) * object_size;
        std::string bytes(patch_size, '\0');
        bytes[24] = replace;
        elf.symbol("patch", data, 0, patch_size);
        elf.relocate(data, 0, this_module);
        elf.relocate(data, 8, here, static_cast<std::int64_t>(objects_at));
        if (with_states)
            elf.relocate(data, 16, here, static_cast<std::int64_t>(states_at));
        elf.symbol("objs", data, objects_at, (objects.size() + 1) * object_size);
        auto next = states_at + 48;
        for (std::size_t i = 0; i < objects.size(); ++i) {
            auto const at = objects_at + i * object_size;
            if (!objects[i].name.empty())
                made.point_to_string(data, at, objects[i].name);
            elf.relocate(data, at + 8, here, static_cast<std::int64_t>(next));
            next = add_functions(made, data, objects[i], next, bytes);
        }
        bytes.resize(next);
        elf[".data"].bytes = bytes;
        add_call(made, here);
        return made;
    }

    std::string build() const { return builder().elf.build(); }

private:
    std::uint64_t add_functions(
        PatchBuilder& made,
        std::size_t data,
        PatchedObject const& object,
        std::uint64_t at,
        std::string& bytes
    ) const {
        auto const size = (object.functions.size() + 1) * function_size;
        made.elf.symbol("funcs", data, at, size);
        for (std::size_t i = 0; i < object.functions.size(); ++i) {
            auto const entry = at + i * function_size;
            made.point_to_string(data, entry, object.functions[i].name);
            made.point_to_code(data, entry + 8);
            put(bytes, entry + 16, object.functions[i].sympos);
        }
        return (at + size + 31) & ~std::uint64_t{31};
    }

    static void add_call(PatchBuilder& made, std::size_t data_symbol) {
        auto const text = made.elf.index(".text");
        auto const enable = made.elf.symbol("klp_enable_patch", SHN_UNDEF, 0, 0, STT_NOTYPE);
        made.elf.relocate(text, 3, data_symbol, 0, R_X86_64_32S);
        made.elf.relocate(text, 8, enable, -4, R_X86_64_PLT32);
    }
};

// Made by kpatch-build.
inline PatchBuilder kpatch_build(std::vector<PatchedObject> const& objects) {
    PatchBuilder made(livepatch_builder());
    auto const funcs = made.elf.add({".kpatch.funcs", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, ""});
    std::string bytes;
    for (auto const& object : objects)
        for (auto const& function : object.functions) {
            auto const at = bytes.size();
            bytes.resize(at + 56);
            put(bytes, at + 32, function.sympos);
            made.point_to_code(funcs, at);
            made.point_to_string(funcs, at + 40, function.name);
            made.point_to_string(funcs, at + 48, object.name);
        }
    made.elf[".kpatch.funcs"].bytes = bytes;
    return made;
}

// Made by the kernel's klp-build.
inline PatchBuilder klp_build(std::vector<PatchedObject> const& objects) {
    PatchBuilder made(livepatch_builder());
    auto const list = made.elf.add({".init.klp_objects", SHT_PROGBITS, SHF_ALLOC, ""});
    auto const funcs = made.elf.add({".init.klp_funcs", SHT_PROGBITS, SHF_ALLOC, ""});
    auto const funcs_symbol = made.elf.symbol("", funcs, 0, 0, STT_SECTION);
    std::string object_bytes;
    std::string function_bytes;
    for (auto const& object : objects) {
        auto const at = object_bytes.size();
        object_bytes.resize(at + 64);
        put(object_bytes, at + 56, object.functions.size());
        if (!object.name.empty())
            made.point_to_string(list, at, object.name);
        made.elf.relocate(
            list, at + 8, funcs_symbol, static_cast<std::int64_t>(function_bytes.size())
        );
        for (auto const& function : object.functions) {
            auto const entry = function_bytes.size();
            function_bytes.resize(entry + 24);
            made.point_to_string(funcs, entry, function.name);
            made.point_to_code(funcs, entry + 8);
            put(function_bytes, entry + 16, function.sympos);
        }
    }
    made.elf[".init.klp_objects"].bytes = object_bytes;
    made.elf[".init.klp_funcs"].bytes = function_bytes;
    return made;
}

} // namespace livepatch::support
