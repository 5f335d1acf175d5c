// The options of the verbs.
#pragma once

#include "publish/catalogue_document.hpp"
#include "publish/private_key.hpp"
#include "publish/settings.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace livepatch::lprepo {

// Which repository, and whose keys.
struct CommonOptions {
    bool json = false;
    std::string directory;
    std::vector<std::string> keys; // files
    std::string passphrase_file;
};

struct InitOptions : CommonOptions {
    std::vector<std::string> root; // files of public keys
    std::vector<std::string> targets;
    std::vector<std::string> online;
    std::size_t root_threshold = 0; // 0 = more than half
    std::size_t targets_threshold = 1;
    std::string keys_directory;
    publish::PrivateKey::Kind kind = publish::PrivateKey::Kind::ed25519;
    bool no_passphrase = false;
    publish::Settings settings;
};

struct KeygenOptions {
    bool json = false;
    std::string file; // without .pem and .pub
    publish::PrivateKey::Kind kind = publish::PrivateKey::Kind::ed25519;
    bool no_passphrase = false;
    std::string passphrase_file;
};

struct RoleOptions : CommonOptions {
    std::string role;
    std::string signature; // a file; attach
};

struct AddOptions : CommonOptions {
    std::string module;
    publish::PatchDescription patch;
    bool in_place = false;
    bool may_be_unsigned = false;
    std::string certificates;
    std::string kernel; // a file that tells the kernel's build-id
};

struct PatchOptions : CommonOptions {
    std::string patch;
    std::string release; // "" = of all kernels
    std::string reason;
    std::string action = "hold";
    std::vector<std::string> rings;
    bool undo = false;
};

struct KernelOptions : CommonOptions {
    std::string release;
    publish::KernelDescription kernel;
};

struct RotateOptions : CommonOptions {
    std::string role; // root, targets, online; "" = the same keys for longer
    std::vector<std::string> to;
    std::size_t threshold = 0; // 0 = as before, as far as there are so many keys
    publish::PrivateKey::Kind kind = publish::PrivateKey::Kind::ed25519;
    bool no_passphrase = false;
};

// A web server.
struct WebOptions {
    bool allow_http = false;
    std::string proxy;
    std::string ca_file;
};

struct VerifyOptions {
    bool json = false;
    std::string place; // directory or URL
    std::string root;
    WebOptions web;
};

struct MirrorOptions {
    bool json = false;
    std::string url;
    std::string directory;
    std::string root;
    std::vector<std::string> kernels; // patterns of releases; none = all
    WebOptions web;
};

// The parts of the command line that several verbs have.
void directory_argument(CLI::App& command, CommonOptions& options);
void key_options(CLI::App& command, CommonOptions& options);
void web_options(CLI::App& command, WebOptions& options);
void kind_option(CLI::App& command, publish::PrivateKey::Kind& kind);
void duration_option(
    CLI::App& command, char const* name, std::chrono::seconds& target, char const* help
);

} // namespace livepatch::lprepo
