#include "loader/kernel_loader.hpp"
#include "support/catch.hpp"
#include "support/elf_builder.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_signer.hpp"
#include "trust/verifier.hpp"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <fcntl.h>
#include <functional>
#include <libkmod.h>
#include <string>
#include <unistd.h>
#include <vector>

using namespace livepatch;
using base::Errc;
using support::FakeKernelTree;

// A libkmod that only takes notes: the linker prefers these functions to the library's. The real
// one would load modules into the kernel of the machine that runs the tests.

namespace {

struct Notes {
    std::vector<std::string> calls = {};
    bool configured = false; // read a configuration
    int contexts = 0;        // alive
    int modules = 0;         // alive
    int result = 0;
    std::function<void()> meanwhile = [] {}; // what the kernel does during the call
};

Notes notes;
std::string path_or_name;

std::string opened(std::string const& path) {
    std::array<char, 4> magic{};
    base::UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return ::read(fd.get(), magic.data(), magic.size()) == 4 ? std::string(magic.data() + 1, 3)
                                                             : "";
}

int act(std::string call) {
    notes.calls.push_back(std::move(call));
    notes.meanwhile();
    return notes.result;
}

} // namespace

struct kmod_ctx {};

struct kmod_module {};

kmod_ctx* kmod_new(char const*, char const* const* config_paths) {
    notes.configured = config_paths == nullptr || config_paths[0] != nullptr;
    ++notes.contexts;
    return new kmod_ctx;
}

kmod_ctx* kmod_unref(kmod_ctx* context) {
    --notes.contexts;
    delete context;
    return nullptr;
}

void kmod_set_log_fn(kmod_ctx*, void (*)(void*, int, char const*, int, char const*, char const*, va_list), void const*) {
}

int kmod_module_new_from_path(kmod_ctx*, char const* path, kmod_module** module) {
    path_or_name = path;
    ++notes.modules;
    *module = new kmod_module;
    return 0;
}

int kmod_module_new_from_name(kmod_ctx*, char const* name, kmod_module** module) {
    path_or_name = name;
    ++notes.modules;
    *module = new kmod_module;
    return 0;
}

kmod_module* kmod_module_unref(kmod_module* module) {
    --notes.modules;
    delete module;
    return nullptr;
}

int kmod_module_insert_module(kmod_module*, unsigned int flags, char const* options) {
    return act(
        "insert " + opened(path_or_name) + " flags " + std::to_string(flags) +
        (options == nullptr ? "" : " options")
    );
}

int kmod_module_remove_module(kmod_module*, unsigned int flags) {
    return act("remove " + path_or_name + " flags " + std::to_string(flags));
}

namespace {

// The loader with a tree of its own, and a patch for it.
struct Setting {
    Setting() { notes = {}; }

    FakeKernelTree tree = {};
    loader::KernelLoader loader{tree.root()};
};

trust::VerifiedPatch patch(std::string const& depends = "") {
    static auto const key = support::SigningKey::ec("P-256");
    auto builder = support::livepatch_builder("lp");
    auto& modinfo = builder[".modinfo"].bytes;
    modinfo.replace(modinfo.find("depends="), 8, "depends=" + depends);
    support::TemporaryDirectory const directory;
    directory.write("key.pem", key.certificate_pem());
    auto const file = directory.write("lp.ko", support::sign_module(builder.build(), key));
    base::UniqueFd const fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return trust::Verifier(trust::Keyring::load(directory.path()), "6.1.0-test")
        .verify(trust::Candidate::read(fd.get(), "lp.ko").value())
        .value();
}

} // namespace

TEST_CASE("load gives the verified bytes to the kernel, without flags and options") {
    Setting setting;
    auto const verified = patch();
    auto const loaded = setting.loader.load(verified);
    REQUIRE(loaded);
    CHECK(loaded->name() == "lp");
    CHECK(loaded->sha256() == verified.sha256());
    CHECK(notes.calls == std::vector<std::string>{"insert ELF flags 0"});
    CHECK(path_or_name == verified.file().path());
    CHECK_FALSE(notes.configured);
    CHECK(notes.contexts == 0);
    CHECK(notes.modules == 0);
}

TEST_CASE("a refused load carries the kernel's lines of that call") {
    Setting setting;
    notes.result = -EINVAL;
    notes.meanwhile = [&] {
        setting.tree.log("livepatch: enabling patch 'lp'");
        setting.tree.log("livepatch: failed to find location for function 'memcpy'", 3);
    };
    auto const loaded = setting.loader.load(patch());
    REQUIRE(loaded.has_error());
    auto const& error = loaded.error();
    CHECK(error.code == Errc::load_failed);
    CHECK(error.subject == "lp");
    CHECK(error.os_error == EINVAL);
    CHECK(error.cause.find("'memcpy'") != std::string::npos);
    CHECK(error.kernel_log.back() == "livepatch: failed to find location for function 'memcpy'");
    CHECK(notes.contexts == 0);
    CHECK(notes.modules == 0);
}

TEST_CASE("a load during another transition is told to wait") {
    Setting setting;
    setting.tree.set_module("other", {});
    setting.tree.set_patch("other", {.transition = 1});
    notes.result = -EBUSY;
    auto const loaded = setting.loader.load(patch());
    REQUIRE(loaded.has_error());
    CHECK(loaded.error().code == Errc::busy);
    CHECK(loaded.error().cause.find("'other'") != std::string::npos);
}

TEST_CASE("a load needs the modules it depends on") {
    Setting setting;
    setting.tree.set_module("ext4", {.taint = ""});
    setting.tree.set_module("nf_tables", {.initstate = "coming", .taint = ""});
    CHECK(setting.loader.load(patch("ext4")));
    CHECK(setting.loader.load(patch("kernel"))); // builtin
    CHECK(notes.calls.size() == 2);
    for (std::string const missing : {"xfs", "nf-tables"}) {
        CAPTURE(missing);
        auto const loaded = setting.loader.load(patch("ext4," + missing));
        REQUIRE(loaded.has_error());
        CHECK(loaded.error().code == Errc::load_failed);
        CHECK(loaded.error().remedy.starts_with("modprobe "));
    }
    CHECK(setting.loader.load(patch("xfs")).error().remedy == "modprobe xfs");
    CHECK(notes.calls.size() == 2);
}

TEST_CASE("disable and enable write to the patch's file") {
    Setting setting;
    setting.tree.set_patch("lp", {.enabled = 1, .transition = 1});
    CHECK(setting.loader.disable("lp"));
    CHECK(setting.tree.read("sys/kernel/livepatch/lp/enabled") == "0\n");
    CHECK(setting.loader.enable("lp"));
    CHECK(setting.tree.read("sys/kernel/livepatch/lp/enabled") == "1\n");
    CHECK(notes.calls.empty());
}

TEST_CASE("a patch that is gone cannot be written to") {
    Setting setting;
    CHECK(setting.loader.disable("lp").error().code == Errc::not_found);
    CHECK(setting.loader.enable("lp").error().code == Errc::not_found);
    CHECK(setting.loader.disable("lp").error().os_error == ENOENT);
}

TEST_CASE("remove unloads by name, without force") {
    Setting setting;
    CHECK(setting.loader.remove("lp"));
    CHECK(
        notes.calls ==
        std::vector<std::string>{"remove lp flags " + std::to_string(KMOD_REMOVE_NOLOG)}
    );
    CHECK_FALSE(notes.configured);
    CHECK(notes.contexts == 0);
    CHECK(notes.modules == 0);
}

TEST_CASE("a refused removal says whether to try again") {
    Setting setting;
    setting.tree.set_module("lp", {});
    notes.result = -EAGAIN;
    CHECK(setting.loader.remove("lp").error().code == Errc::busy);
    notes.result = -EBUSY;
    CHECK(setting.loader.remove("lp").error().code == Errc::unsupported);
    notes.result = -ENOENT;
    CHECK(setting.loader.remove("lp").error().code == Errc::not_found);
}

TEST_CASE("what is no module's name is refused before anything is done") {
    Setting setting;
    for (std::string const name : {"", ".", "..", "../lp", "a/b", "/etc/passwd"}) {
        CAPTURE(name);
        CHECK(setting.loader.disable(name).error().code == Errc::invalid_argument);
        CHECK(setting.loader.enable(name).error().code == Errc::invalid_argument);
        CHECK(setting.loader.remove(name).error().code == Errc::invalid_argument);
    }
    CHECK(notes.calls.empty());
}
