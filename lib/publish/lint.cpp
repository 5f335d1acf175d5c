#include "publish/lint.hpp"

#include "base/sha256.hpp"
#include "repository/kernel_catalogue.hpp"

#include <set>

namespace livepatch::publish {

namespace {

using nlohmann::json;
using Weight = Remark::Weight;

class Linter {
public:
    Linter(CatalogueDocument const& catalogue, FileOf const& file)
        : catalogue_(catalogue),
          file_(file) {}

    std::vector<Remark> look() {
        look_as_a_host();
        for (auto const& patch : catalogue_.content().at("patches"))
            look_at(patch);
        return std::move(remarks_);
    }

private:
    void remark(Weight weight, std::string text) {
        remarks_.push_back(
            {.weight = weight, .subject = catalogue_.release() + ' ' + id_, .text = std::move(text)}
        );
    }

    // With the hosts' own reader, as it would be published now.
    void look_as_a_host() {
        auto published = catalogue_;
        published.settle(Time());
        auto const read =
            repository::parse_kernel_catalogue(published.text(), catalogue_.release());
        if (!read)
            remark(Weight::error, "hosts cannot read it: " + read.error().cause);
    }

    void look_at(json const& patch) {
        id_ = patch.value("id", "");
        if (!ids_.insert(id_).second)
            remark(Weight::error, "there are two patches of that id");
        look_at_module(patch);
        for (auto const* key : {"supersedes", "requires", "conflicts"})
            look_at_others(patch, key);
        look_at_rollout(patch);
        if (!patch.contains("targets") && !catalogue_.content()["kernel"].contains("build_ids"))
            remark(
                Weight::warning,
                "is for every build of this release: revisions of one release differ, and "
                "functions with them"
            );
        if (patch.value("type", "") == "security" &&
            patch.value("vulnerabilities", json::array()).empty())
            remark(Weight::warning, "is a security patch, and names no CVE");
        if (patch.value("functions", json::array()).empty())
            remark(Weight::warning, "does not tell which functions it patches");
    }

    void look_at_module(json const& patch) {
        auto const path = patch.value(json::json_pointer("/module/path"), "");
        auto const bytes = file_(path);
        if (!bytes) {
            remark(Weight::error, base::describe(bytes.error()));
            return;
        }
        if (!*bytes) {
            remark(Weight::error, "its module is not there: " + path);
            return;
        }
        if (base::sha256(**bytes) != patch.value(json::json_pointer("/module/hashes/sha256"), ""))
            remark(Weight::error, "its module is another one than the catalogue describes");
        if (!patch.at("module").contains("signer"))
            remark(
                Weight::warning,
                "its module is not signed: only hosts with module_signature = \"ignore\" take it"
            );
    }

    void look_at_others(json const& patch, char const* key) {
        for (auto const& other : patch.value(key, json::array())) {
            if (other == id_)
                remark(Weight::error, std::string(key) + " names the patch itself");
            else if (std::string_view(key) == "requires" && !catalogue_.has(other))
                remark(
                    Weight::error,
                    "requires " + other.get<std::string>() + ", which this kernel has not"
                );
        }
    }

    void look_at_rollout(json const& patch) {
        if (!patch.contains("rollout"))
            return;
        auto const rings = patch["rollout"].value("rings", json::object());
        if (!rings.empty() && !rings.contains("default"))
            remark(Weight::warning, "its rollout has no ring 'default': hosts of other rings wait");
        for (auto const& [ring, steps] : rings.items())
            if (!steps.empty() && steps.back().value("percent", 0) < 100)
                remark(
                    Weight::warning,
                    "the ring '" + ring + "' ends at " +
                        std::to_string(steps.back().value("percent", 0)) + " percent"
                );
    }

    CatalogueDocument const& catalogue_;
    FileOf const& file_;
    std::vector<Remark> remarks_;
    std::set<std::string> ids_;
    std::string id_;
};

} // namespace

std::vector<Remark> lint(CatalogueDocument const& catalogue, FileOf const& file) {
    return Linter(catalogue, file).look();
}

} // namespace livepatch::publish
