#include "module/livepatch_module.hpp"
#include "support/catch.hpp"
#include "support/elf_builder.hpp"
#include "support/module_signer.hpp"

using namespace livepatch;
using module::parse_module;
using support::livepatch_builder;
using support::strings;

namespace {

base::Result<module::LivepatchModule> parse(std::string const& file) {
    return parse_module(std::as_bytes(std::span(file)), "x.ko");
}

std::string refusal_of(std::string const& file) {
    auto const parsed = parse(file);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == base::Errc::verification_failed);
    CHECK(parsed.error().subject == "x.ko");
    return parsed.error().cause;
}

std::string with_modinfo(std::vector<std::string> const& lines) {
    auto builder = livepatch_builder();
    builder[".modinfo"].bytes = strings(lines);
    return builder.build();
}

std::string without(std::string const& key) {
    std::vector<std::string> lines;
    for (std::string const line : {"livepatch=Y", "name=lp_test", "vermagic=6.1.0-test SMP "})
        if (!line.starts_with(key))
            lines.push_back(line);
    return with_modinfo(lines);
}

std::string with(std::string const& line) {
    return with_modinfo({"livepatch=Y", "name=lp_test", "vermagic=6.1.0-test SMP ", line});
}

} // namespace

TEST_CASE("a module tells what it is") {
    auto builder = livepatch_builder();
    builder[".modinfo"].bytes = strings(
        {"version=1.2",
         "livepatch=Y",
         "license=GPL v2",
         "srcversion=0E2D1340E6BD377016EA92B",
         "depends=nf_tables,snd-pcm",
         "retpoline=Y",
         "name=lp_test",
         "vermagic=6.1.0-56-amd64 SMP preempt mod_unload modversions "}
    );
    auto const module = parse(builder.build());
    REQUIRE(module);
    CHECK(module->name == "lp_test");
    CHECK(module->release == "6.1.0-56-amd64");
    CHECK(module->vermagic == "6.1.0-56-amd64 SMP preempt mod_unload modversions");
    CHECK(module->license == "GPL v2");
    CHECK(module->version == "1.2");
    CHECK(module->srcversion == "0E2D1340E6BD377016EA92B");
    CHECK(module->depends == std::vector<std::string>{"nf_tables", "snd_pcm"});
    CHECK(module->build_id.empty());
    CHECK(module->objects.empty());
    CHECK(module->replace == module::Replace::unknown);
}

TEST_CASE("a signature behind the module changes nothing") {
    auto const plain = support::livepatch_file();
    CHECK(parse(support::append_signature(plain, "whatever"))->name == "lp_test");
    auto damaged = support::append_signature(plain, "whatever");
    damaged[plain.size() + 8 + 2] = 1;
    CHECK(refusal_of(damaged) == "malformed module signature: not of the type PKCS#7");
}

TEST_CASE("what is no livepatch is refused") {
    CHECK(
        refusal_of(without("livepatch")) ==
        "not a livepatch: module without the modinfo mark livepatch=Y"
    );
    CHECK(refusal_of(without("name")) == "not a livepatch: modinfo has no 'name'");
    CHECK(refusal_of(without("vermagic")) == "not a livepatch: modinfo has no 'vermagic'");
    CHECK(
        refusal_of(with_modinfo({"livepatch=N", "name=a", "vermagic=6.1"})) ==
        "not a livepatch: modinfo 'livepatch' is 'N'"
    );
}

TEST_CASE("what different readers would take for different things is refused") {
    for (std::string const key : {"name", "vermagic", "livepatch"}) {
        INFO(key);
        CHECK(
            refusal_of(with(key + "=Y")) == "ambiguous module: more than one modinfo '" + key + "'"
        );
    }
    auto twice = livepatch_builder();
    twice.add(twice[".modinfo"]);
    CHECK(refusal_of(twice.build()) == "ambiguous module: more than one section '.modinfo'");
    for (auto const* name : {".gnu.linkonce.this_module", ".note.gnu.build-id"}) {
        auto again = livepatch_builder();
        again.add(again[name]);
        CHECK(
            refusal_of(again.build()) ==
            "ambiguous module: more than one section '" + std::string(name) + "'"
        );
    }
}

TEST_CASE("a name is one the kernel and our paths can bear") {
    auto const named = [](std::string const& name) { return livepatch_builder(name).build(); };
    CHECK(parse(named(std::string(55, 'a')))->name == std::string(55, 'a'));
    CHECK(parse(named("Az_09")));
    for (std::string const& name :
         {std::string(56, 'a'),
          std::string(),
          std::string("a-b"),
          std::string("../x"),
          std::string("a/b"),
          std::string("a b"),
          std::string("a.b"),
          std::string("\xc3\xa4")}) {
        INFO(name);
        CHECK(refusal_of(named(name)) == "modinfo 'name' is no name for a module: '" + name + "'");
    }
    CHECK(refusal_of(named("a\nb")) == "modinfo 'name' is too long or not plain text");
}

TEST_CASE("modinfo and struct module must agree on the name") {
    auto other = livepatch_builder();
    other[".gnu.linkonce.this_module"].bytes[24] = 'L';
    CHECK(
        refusal_of(other.build()) ==
        "ambiguous module: modinfo calls it 'lp_test', its struct module not"
    );
    auto hidden = livepatch_builder();
    hidden[".gnu.linkonce.this_module"].bytes.replace(24, 8, std::string("evil\0\0\0\0", 8));
    hidden[".gnu.linkonce.this_module"].bytes.replace(200, 8, std::string("lp_test\0", 8));
    CHECK(parse(hidden.build()).has_error());
    auto randomised = livepatch_builder(); // CONFIG_RANDSTRUCT
    randomised[".gnu.linkonce.this_module"].bytes.replace(24, 8, std::string(8, '\0'));
    randomised[".gnu.linkonce.this_module"].bytes.replace(200, 8, std::string("lp_test\0", 8));
    CHECK(parse(randomised.build())->name == "lp_test");
    auto missing = livepatch_builder();
    missing[".gnu.linkonce.this_module"].flags = 0;
    CHECK(
        refusal_of(missing.build()) == "not a kernel module: no section '.gnu.linkonce.this_module'"
    );
}

TEST_CASE("a release is one that can be part of a path") {
    auto const released = [](std::string const& release) {
        return livepatch_builder("lp_test", release).build();
    };
    CHECK(parse(released("6.1.0-56-amd64"))->release == "6.1.0-56-amd64");
    CHECK(parse(released("6.12.4+deb13~rc1_x"))->release == "6.12.4+deb13~rc1_x");
    for (std::string const release : {"", "..", "a/b", "6.1\xc3\xa4"}) {
        INFO(release);
        CHECK(
            refusal_of(released(release)).starts_with("modinfo 'vermagic' names no kernel release")
        );
    }
    CHECK(refusal_of(released(std::string(65, '6'))).starts_with("modinfo 'vermagic' names no"));
    CHECK(refusal_of(released("6.1\n")) == "modinfo 'vermagic' is too long or not plain text");
}

TEST_CASE("text that a terminal or a bus could not bear is refused") {
    CHECK(
        refusal_of(with("license=GPL\x1b[2J")) == "modinfo 'license' is too long or not plain text"
    );
    CHECK(refusal_of(with("version=\xff")) == "modinfo 'version' is too long or not plain text");
    CHECK(
        refusal_of(with("srcversion=" + std::string(5000, 'A'))) ==
        "modinfo 'srcversion' is too long or not plain text"
    );
    CHECK(refusal_of(with("depends=a,b/c")) == "modinfo 'depends' names no module: 'b/c'");
    CHECK(parse(with("depends=,a,,b,"))->depends == std::vector<std::string>{"a", "b"});
}

TEST_CASE("modinfo must end and be of a sane size") {
    auto builder = livepatch_builder();
    builder[".modinfo"].bytes.pop_back();
    CHECK(refusal_of(builder.build()) == "damaged module: .modinfo is empty or has no end");
    builder[".modinfo"].bytes.clear();
    CHECK(refusal_of(builder.build()) == "not a kernel module: no section '.modinfo'");
    builder[".modinfo"].bytes = std::string(std::size_t{1024} * 1024 + 1, '\0');
    CHECK(refusal_of(builder.build()) == "damaged module: .modinfo of 1048577 bytes");
}

TEST_CASE("the build-id is that of the note section which the loaded module shows") {
    auto const note = [](std::uint32_t type, std::string const& name, std::string const& text) {
        std::string bytes(12, '\0');
        auto const name_size = static_cast<std::uint32_t>(name.size());
        auto const text_size = static_cast<std::uint32_t>(text.size());
        std::memcpy(bytes.data(), &name_size, 4);
        std::memcpy(bytes.data() + 4, &text_size, 4);
        std::memcpy(bytes.data() + 8, &type, 4);
        bytes += name + std::string((4 - name.size() % 4) % 4, '\0');
        return bytes + text + std::string((4 - text.size() % 4) % 4, '\0');
    };
    std::string const gnu("GNU\0", 4);
    auto const id_of = [&](std::string const& notes) {
        auto builder = livepatch_builder();
        builder.add({".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, notes});
        return parse(builder.build()).value().build_id;
    };
    std::string const id = "\x01\xab\xff\x10";
    CHECK(id_of(note(NT_GNU_BUILD_ID, gnu, id)) == "01abff10");
    CHECK(id_of(note(1, gnu, "abc") + note(NT_GNU_BUILD_ID, gnu, id)) == "01abff10");
    CHECK(id_of(note(NT_GNU_BUILD_ID, "Xen", id)).empty());
    CHECK(id_of(note(NT_GNU_BUILD_ID, gnu, "")).empty());
    CHECK(id_of(note(NT_GNU_BUILD_ID, gnu, std::string(65, 'x'))).empty());
    CHECK(id_of(note(NT_GNU_BUILD_ID, gnu, id).substr(0, 15)).empty());
    CHECK(id_of(std::string(12, '\xff')).empty());
    CHECK(id_of("short").empty());
}
