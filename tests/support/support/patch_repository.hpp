// A repository of livepatches: a TUF repository with a catalogue for one kernel, made while a test
// runs, that the test may bend as it likes.
#pragma once

#include "support/tuf_repository.hpp"

#include <filesystem>
#include <string>

namespace livepatch::support {

struct PatchRepository {
    using Json = nlohmann::json;

    explicit PatchRepository(std::string release = "6.1.0-56-amd64", std::string arch = "x86_64");

    TufRepository tuf;
    Json catalogue;               // without its patches
    Json patches = Json::array(); // what publish() puts into it
    Json brakes = Json::array();  // likewise; of brake.json, which the role "brake" speaks for

    // A module as a target, with an entry of its own, which a test may change.
    Json& add(std::string const& id, std::string const& module_name, std::string const& bytes);

    Json& patch(std::string const& id);

    // Whatever the clock says: from the next publication on nothing expires before.
    void last_until(std::string const& time);

    // The root that there is now, for whoever is to trust it.
    std::string root() const;

    // The next version of everything, with the catalogue and the brakes as they are now.
    void publish();

    // What is served, in the place of what was.
    void write(std::filesystem::path const& directory) const { tuf.write_tree(directory); }

    // The path of a patch's module below targets/, as a reader of the tree looks for it.
    std::string module_file(std::string const& id);

    std::string catalogue_path() const;
};

} // namespace livepatch::support
