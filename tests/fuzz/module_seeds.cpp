#include "seeds.hpp"
#include "support/livepatch_builder.hpp"
#include "support/module_signer.hpp"

using namespace livepatch;

void fuzz::write_seeds(Seeds const& seeds) {
    std::vector<support::PatchedObject> const objects = {
        {"", {{"f", 0}, {"g.isra.0", 2}}}, {"ext4", {{"h", 1}}}};
    seeds.add("bare", support::livepatch_file());
    seeds.add("signed", support::append_signature(support::livepatch_file(), "PKCS7"));
    seeds.add("static", support::StaticPatch{}.build());
    seeds.add(
        "static-three",
        support::StaticPatch{.objects = objects, .replace = 1, .with_states = true}.build()
    );
    seeds.add(
        "kpatch", support::kpatch_build({{"vmlinux", {{"f"}}}, {"ext4", {{"g"}}}}).elf.build()
    );
    seeds.add("klp", support::klp_build(objects).elf.build());
    auto notes = support::livepatch_builder();
    notes.add(
        {".note.gnu.build-id",
         SHT_NOTE,
         SHF_ALLOC,
         std::string("\x04\0\0\0\x04\0\0\0\x03\0\0\0GNU\0abcd", 20)}
    );
    notes.add({".klp.rela.ext4..text", SHT_RELA, SHF_ALLOC | 0x00100000, {}, 0, 1});
    seeds.add("notes", notes.build());
}
