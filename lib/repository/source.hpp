// A place patches come from, as its repos.d file describes it (DESIGN §6, §7).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace livepatch::repository {

// Whether a source's modules replace all other patches, where the modules do not tell.
enum class Cumulative { no, yes, automatic };

enum class Trust {
    module_signature, // by a certificate of `keys`
    none,             // whoever can put files there: for laboratories
};

struct Source {
    std::string name;              // the file name in repos.d without ".toml"
    std::filesystem::path path;    // directory of modules, %r already replaced
    std::vector<std::string> keys; // files in module-keys.d; empty = all there
    Cumulative cumulative = Cumulative::automatic;
    int priority = 50;   // higher wins; ties by name
    bool remote = false; // may lie on a network or FUSE file system
    Trust trust = Trust::module_signature;
};

// "%r" becomes the kernel's release, "%%" a percent sign.
std::filesystem::path expand_release(std::string const& pattern, std::string const& release);

} // namespace livepatch::repository
