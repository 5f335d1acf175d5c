// A place patches come from, as its repos.d file describes it (DESIGN §6, §7).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::repository {

// Whether a source's modules replace all other patches, where the modules do not tell.
enum class Cumulative { no, yes, automatic };

enum class Trust {
    tuf,              // by a signed repository, and its modules' signatures unless told otherwise
    module_signature, // by a certificate of `keys`
    none,             // whoever can put files there: for laboratories
};

// Where a repository is that is elsewhere.
struct Web {
    std::vector<std::string> urls; // the first one, and copies of it that others serve
    std::string proxy = {};        // "" = as the environment says
    std::string ca_file = {};      // "" = the system's authorities
    bool allow_http = false;
};

struct Source {
    std::string name; // the file name in repos.d without ".toml"
    // Directory of modules, %r already replaced; of a repository, the one with metadata/ in it.
    std::filesystem::path path;
    std::vector<std::string> keys; // files in module-keys.d; empty = all there
    Cumulative cumulative = Cumulative::automatic;
    int priority = 50;   // higher wins; ties by name
    bool remote = false; // may lie on a network or FUSE file system
    Trust trust = Trust::module_signature;

    // Of a repository.
    std::filesystem::path root = {};    // root.json, as an administrator installed it
    std::string ring = "default";       // of the rollouts
    std::optional<Web> web = {};        // `path` is a mirror of it, which livepatch-fetch fills
    bool wants_module_signature = true; // besides the repository's own
};

// "%r" becomes the kernel's release, "%%" a percent sign.
std::filesystem::path expand_release(std::string const& pattern, std::string const& release);

} // namespace livepatch::repository
