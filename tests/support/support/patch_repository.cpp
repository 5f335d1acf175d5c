#include "support/patch_repository.hpp"

#include "base/sha256.hpp"

#include <utility>

namespace livepatch::support {

PatchRepository::PatchRepository(std::string release, std::string arch) {
    catalogue = {
        {"schema", "livepatchd.catalog/1"},
        {"kernel", {{"release", std::move(release)}, {"arch", std::move(arch)}}}};
    tuf.delegate({.to = "brake", .paths = {"brake.json"}});
    tuf.content["targets"]["targets"].erase("file.txt");
    publish();
}

std::string PatchRepository::catalogue_path() const {
    auto const& kernel = catalogue.at("kernel");
    return "catalog/" + kernel.at("arch").get<std::string>() + '/' +
           kernel.at("release").get<std::string>() + ".json";
}

PatchRepository::Json& PatchRepository::add(
    std::string const& id, std::string const& module_name, std::string const& bytes
) {
    auto const& kernel = catalogue.at("kernel");
    auto const path = "modules/" + kernel.at("arch").get<std::string>() + '/' +
                      kernel.at("release").get<std::string>() + '/' + id + ".ko";
    tuf.add_target(path, bytes);
    patches.push_back(
        {{"id", id},
         {"version", patches.size() + 1},
         {"module",
          {{"name", module_name},
           {"path", path},
           {"length", bytes.size()},
           {"hashes", {{"sha256", base::sha256(bytes)}}}}}}
    );
    return patches.back();
}

PatchRepository::Json& PatchRepository::patch(std::string const& id) {
    for (auto& one : patches)
        if (one.at("id") == id)
            return one;
    return patches.at(patches.size());
}

void PatchRepository::last_until(std::string const& time) {
    for (auto& [role, content] : tuf.content)
        content["expires"] = time;
    tuf.publish_root();
}

std::string PatchRepository::root() const {
    auto const version = tuf.content.at("root").at("version").get<int>();
    return tuf.files.at("metadata/" + std::to_string(version) + ".root.json");
}

void PatchRepository::publish() {
    auto whole = catalogue;
    whole["patches"] = patches;
    tuf.add_target(catalogue_path(), whole.dump());
    Json const brake{{"schema", "livepatchd.brake/1"}, {"modules", brakes}};
    tuf.add_target("brake.json", brake.dump(), "brake");
    tuf.publish();
}

std::string PatchRepository::module_file(std::string const& id) {
    auto const& module = patch(id).at("module");
    auto const path = module.at("path").get<std::string>();
    auto const name = path.rfind('/') + 1;
    return "targets/" + path.substr(0, name) + module.at("hashes").at("sha256").get<std::string>() +
           '.' + path.substr(name);
}

} // namespace livepatch::support
