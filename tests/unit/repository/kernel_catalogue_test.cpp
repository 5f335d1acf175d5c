#include "repository/kernel_catalogue.hpp"
#include "support/catch.hpp"
#include "trust/tuf/header.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

using namespace livepatch;
using namespace repository;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

json patch(std::string const& id, int version = 1) {
    static int count = 0;
    auto digest = std::to_string(++count);
    digest = std::string(64 - digest.size(), 'a') + digest;
    return {
        {"id", id},
        {"version", version},
        {"module",
         {{"name", "lp_1"},
          {"path", "modules/x86_64/6.1.0-56-amd64/lp-1.ko"},
          {"hashes", {{"sha256", digest}}}}}};
}

json catalogue(json patches = json::array()) {
    return {
        {"schema", "livepatchd.catalog/1"},
        {"kernel", {{"release", "6.1.0-56-amd64"}, {"arch", "x86_64"}}},
        {"patches", std::move(patches)}};
}

KernelCatalogue parse(json const& text) {
    auto parsed = parse_kernel_catalogue(text.dump(), "catalog.json");
    if (!parsed)
        FAIL(describe(parsed.error()));
    return *std::move(parsed);
}

std::string refusal_of(std::string const& text) {
    auto const parsed = parse_kernel_catalogue(text, "catalog.json");
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == base::Errc::verification_failed);
    CHECK(parsed.error().subject == "catalog.json");
    return parsed.error().cause;
}

std::string refusal_with(std::string const& key, json const& value) {
    auto bad = patch("LP-2");
    bad[key] = value;
    return refusal_of(catalogue({patch("LP-1"), bad}).dump());
}

Strings ids(KernelCatalogue const& catalogue) {
    Strings ids;
    for (auto const& patch : catalogue.patches)
        ids.push_back(patch.id);
    return ids;
}

} // namespace

TEST_CASE("a catalogue as it is published") {
    auto const parsed = parse_kernel_catalogue(
        R"json({ "schema": "livepatchd.catalog/1",
  "kernel": { "release": "6.1.0-56-amd64", "arch": "x86_64",
    "build_ids": ["eb4fbcd037e7253717950bf2b93bd5566f47c56f"],
    "version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)",
    "purl": "pkg:deb/debian/linux-image-6.1.0-56-amd64@6.1.192-2?arch=amd64",
    "support": { "status": "supported", "ends": "2027-05-16T00:00:00Z" },
    "reboot_into": "6.1.0-57-amd64" },
  "patches": [ {
    "id": "LP-2026-0007", "version": 7, "type": "security", "severity": "important",
    "summary": "one line", "details": "many",
    "published": "2026-11-20T10:00:00Z", "modified": "2026-11-21T08:00:00Z",
    "withdrawn": null,
    "references": [ { "type": "ADVISORY", "url": "https://example.org" } ],
    "vulnerabilities": [ { "id": "CVE-2026-1234", "severity": [ { "type": "CVSS_V3",
      "score": "CVSS:3.1/AV:L" } ], "known_exploited": false } ],
    "module": { "name": "livepatch_0007",
      "path": "modules/x86_64/6.1.0-56-amd64/livepatch-0007.ko", "length": 260174,
      "hashes": { "sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
      "vermagic": "6.1.0-56-amd64 SMP preempt mod_unload modversions", "srcversion": null,
      "build_id": "50d0e617", "signer": { "ski": "236f30379c32", "digest": "sha256" } },
    "replace": true, "supersedes": ["LP-2026-0006"], "requires": ["LP-0"],
    "conflicts": ["LP-9"], "objects": ["vmlinux", "nf_tables"],
    "functions": [{"object":"nf_tables","name":"nft_do","sympos":1}],
    "targets": [{"object":"vmlinux","build_ids":["eb4f"]}],
    "reversible": false, "force_ok": true, "states": [{"id": 1, "version": 2}],
    "transition": {"stall_after": "90s", "reverse_after": "0s"},
    "probation": {"time": "1h", "revert_on": ["oops"]},
    "restart_required": { "category": "none" },
    "rollout": { "paused": true, "rings": { "canary": [],
        "default": [ { "at": "2026-11-21T10:00:00Z", "percent": 25 },
                     { "at": "2026-11-20T16:00:00Z", "percent": 1 } ] } }
  } ],
  "unfixed": [ { "id": "CVE-2026-9999", "reason": "changes struct layout",
    "remediation": { "category": "vendor_fix", "url": "x",
      "restart_required": { "category": "system" } } }, { "id": "CVE-2026-9998" } ]
})json",
        "catalog.json"
    );
    REQUIRE(parsed);
    auto const& kernel = parsed->kernel;
    CHECK(kernel.release == "6.1.0-56-amd64");
    CHECK(kernel.arch == "x86_64");
    CHECK(kernel.build_ids == Strings{"eb4fbcd037e7253717950bf2b93bd5566f47c56f"});
    CHECK(kernel.support_status == "supported");
    CHECK(kernel.support_ends == trust::tuf::parse_time("2027-05-16T00:00:00Z"));
    CHECK(kernel.reboot_into == "6.1.0-57-amd64");
    REQUIRE(parsed->patches.size() == 1);
    auto const& patch = parsed->patches[0];
    CHECK(patch.id == "LP-2026-0007");
    CHECK(patch.version == 7U);
    CHECK(patch.severity == "important");
    CHECK(patch.summary == "one line");
    CHECK(patch.cves == Strings{"CVE-2026-1234"});
    CHECK(patch.published == trust::tuf::parse_time("2026-11-20T10:00:00Z"));
    CHECK_FALSE(patch.withdrawn);
    CHECK(patch.module.name == "livepatch_0007");
    CHECK(patch.module.path == "modules/x86_64/6.1.0-56-amd64/livepatch-0007.ko");
    CHECK(patch.module.length == 260174U);
    CHECK(patch.module.sha256 == std::string(64, 'a'));
    CHECK(patch.module.build_id == "50d0e617");
    CHECK(patch.replace == true);
    CHECK(patch.supersedes == Strings{"LP-2026-0006"});
    CHECK(patch.needs == Strings{"LP-0"});
    CHECK(patch.conflicts == Strings{"LP-9"});
    REQUIRE(patch.functions.size() == 1);
    CHECK(patch.functions[0].name == "nf_tables");
    CHECK(patch.functions[0].functions.at(0).sympos == 1);
    REQUIRE(patch.targets.size() == 1);
    CHECK(patch.targets[0].build_ids == Strings{"eb4f"});
    CHECK(patch.states == std::vector<SystemState>{{1, 2}});
    CHECK_FALSE(patch.reversible);
    CHECK(patch.force_ok);
    CHECK(patch.times.stall_after == std::chrono::seconds(90));
    CHECK(patch.times.reverse_after == std::chrono::seconds(0));
    CHECK(patch.times.probation == std::chrono::hours(1));
    CHECK(patch.times.revert_on == Strings{"oops"});
    REQUIRE(patch.rollout);
    CHECK(patch.rollout->paused);
    CHECK(patch.rollout->rings.at("canary").empty());
    auto const& steps = patch.rollout->rings.at("default");
    REQUIRE(steps.size() == 2);
    CHECK(steps[0].percent == 1); // by time
    CHECK(steps[1].at == trust::tuf::parse_time("2026-11-21T10:00:00Z"));
    REQUIRE(parsed->unfixed.size() == 2);
    CHECK(parsed->unfixed[0].id == "CVE-2026-9999");
    CHECK(parsed->unfixed[0].reason == "changes struct layout");
    CHECK(parsed->unfixed[0].reboot);
    CHECK_FALSE(parsed->unfixed[1].reboot);
}

TEST_CASE("patches stand in their stack order") {
    auto early = patch("LP-3", 2);
    early["published"] = "2026-01-01T00:00:00Z";
    auto late = patch("LP-1", 2);
    late["published"] = "2026-01-02T00:00:00Z";
    auto const read =
        parse(catalogue({patch("LP-10", 10), late, early, patch("LP-b10"), patch("LP-b9")}));
    CHECK(ids(read) == Strings{"LP-b9", "LP-b10", "LP-3", "LP-1", "LP-10"});
    // And their places tell the same.
    for (std::size_t i = 1; i < read.patches.size(); ++i)
        CHECK(
            ::strverscmp(
                stack_place(read.patches[i - 1]).c_str(), stack_place(read.patches[i]).c_str()
            ) < 0
        );
    CHECK(stack_place(read.patches[2]) == "2_2026-01-01T00:00:00Z_LP-3");
}

TEST_CASE("an empty catalogue says that there is nothing") {
    CHECK(parse(catalogue()).patches.empty());
    CHECK(catalogue_path("x86_64", "6.1.0-56-amd64") == "catalog/x86_64/6.1.0-56-amd64.json");
}

TEST_CASE("what was taken back") {
    auto held = patch("LP-1");
    held["withdrawn"] = {
        {"time", "2026-01-01T00:00:00Z"}, {"reason", "it hurts"}, {"action", "hold"}};
    auto reverted = patch("LP-2");
    reverted["withdrawn"] = {{"action", "revert"}};
    auto disabled = patch("LP-3");
    disabled["withdrawn"] = {{"action", "disable"}};
    auto unheard = patch("LP-4");
    unheard["withdrawn"] = {{"action", "explode"}};
    auto const read = parse(catalogue({held, reverted, disabled, unheard}));
    CHECK(read.patches[0].withdrawn == Withdrawal{.reason = "it hurts", .revert = false});
    CHECK(read.patches[1].withdrawn == Withdrawal{.reason = "", .revert = true});
    CHECK(read.patches[2].withdrawn->revert);
    CHECK(read.patches[3].withdrawn == Withdrawal{});
}

TEST_CASE("a catalogue of another form is refused, and where it is named") {
    auto const without = [](char const* key) {
        auto text = catalogue();
        text.erase(key);
        return refusal_of(text.dump());
    };
    CHECK(without("schema") == "schema must be there");
    CHECK(without("kernel") == "kernel must be there");
    CHECK(without("patches") == "patches must be there");
    auto other = catalogue();
    other["schema"] = "livepatchd.catalog/2";
    CHECK(refusal_of(other.dump()) == "schema must be \"livepatchd.catalog/1\"");
    other = catalogue();
    other["kernel"].erase("release");
    CHECK(refusal_of(other.dump()) == "kernel.release must be there");
    other = catalogue();
    other["patches"] = json::object();
    CHECK(refusal_of(other.dump()) == "patches must be there");
    other["patches"] = {1};
    CHECK(refusal_of(other.dump()) == "patches must be a list of objects");
    CHECK(refusal_of("[]") == "it must be an object");
    CHECK(refusal_of("{").starts_with("no JSON from byte"));
    CHECK(refusal_of(R"({"patches":[{"a":1,"a":1}]})").starts_with("the key \"a\" twice"));
}

TEST_CASE("a patch of another form is refused, and where it is named") {
    CHECK(refusal_with("id", nullptr) == "patches[1].id must be there");
    CHECK(refusal_with("id", "../x").starts_with("patches[1].id must be 1 to 64"));
    CHECK(refusal_with("module", nullptr) == "patches[1].module.name must be there");
    CHECK(refusal_with("severity", "bad").starts_with("patches[1].severity must be one of"));
    CHECK(refusal_with("published", "2026-13-01T00:00:00Z").starts_with("patches[1].published"));
    CHECK(refusal_with("summary", std::string(257, 'x')).starts_with("patches[1].summary"));
    CHECK(
        refusal_with("requires", {"a b"}) == "patches[1].requires must be a list of ids of patches"
    );
    CHECK(refusal_with(
              "transition", {{"stall_after", 90}}
    ).starts_with("patches[1].transition.stall_after must be a duration"));
    CHECK(refusal_with(
              "probation", {{"revert_on", {"rain"}}}
    ).starts_with("patches[1].probation.revert_on must be a list"));
    CHECK(refusal_with("states", {1}) == "patches[1].states must be a list of objects");
    CHECK(refusal_with(
              "states", {{{"version", 1}}}
    ).starts_with("patches[1].states[0].id must be there"));
    CHECK(refusal_with("states", {{{"id", 0}}}).starts_with("patches[1].states[0].id must be a"));
    CHECK(refusal_with(
              "states", {{{"id", 1}}, {{"id", 1}, {"version", 2}}}
    ).starts_with("patches[1].states[1].id must be a"));
    CHECK(refusal_with(
              "states", {{{"id", 1}, {"version", 4294967296}}}
    ).starts_with("patches[1].states[0].version must be"));
    auto const rollout = [](json const& step) {
        return refusal_with("rollout", {{"rings", {{"default", {step}}}}});
    };
    CHECK(
        rollout({{"at", "2026-01-01T00:00:00Z"}, {"percent", 101}}) ==
        "patches[1].rollout.rings.default[0].percent must be a whole number from 0 to 100"
    );
    CHECK(rollout({{"percent", 1}}) == "patches[1].rollout.rings.default[0].at must be there");
    CHECK(rollout(1) == "patches[1].rollout.rings.default must be a list of objects");
    for (auto const* path : {"../x.ko", "/x.ko", "a//b.ko", "a/.b.ko", "a b.ko", ""}) {
        auto module = patch("LP-2")["module"];
        module["path"] = path;
        CHECK(refusal_with("module", module).starts_with("patches[1].module.path must be"));
    }
}

TEST_CASE("a patch stands in a catalogue once") {
    CHECK(
        refusal_of(catalogue({patch("LP-1"), patch("LP-1")}).dump()) ==
        "patches[1].id must be another one than those before it, or of another version"
    );
    CHECK(parse(catalogue({patch("LP-1", 1), patch("LP-1", 2)})).patches.size() == 2);
    auto const one = patch("LP-1");
    auto other = one;
    other["id"] = "LP-2";
    CHECK(
        refusal_of(catalogue({one, other}).dump()) ==
        "patches[1].module must be another one than those before it"
    );
}

TEST_CASE("of very many patches the newest are kept, wherever they stand, and who was taken back") {
    auto many = json::array();
    auto const count = static_cast<int>(3 * most_kept_patches + 7);
    for (int i = 0; i < count; ++i) {
        auto const version = 1 + i * 4 % count; // every one once, none in its place
        many.push_back(patch("LP-" + std::to_string(version), version));
        if (version == 1)
            many.back()["withdrawn"] = {{"reason", "harm"}};
    }
    auto const withdrawn = std::find_if(many.begin(), many.end(), [](auto const& one) {
        return one.contains("withdrawn");
    });
    auto const sha256 = withdrawn->at("module").at("hashes").at("sha256").get<std::string>();
    auto const parsed = parse(catalogue(many));
    Strings newest;
    for (int version = count - static_cast<int>(most_kept_patches) + 1; version <= count; ++version)
        newest.push_back("LP-" + std::to_string(version));
    CHECK(ids(parsed) == newest);
    REQUIRE(parsed.withdrawn.size() == 1);
    CHECK(parsed.withdrawn.begin()->first == sha256);
    CHECK(parsed.withdrawn.begin()->second.reason == "harm");
}

TEST_CASE("of very many patches those are kept that may reach the host") {
    auto many = json::array({patch("LP-mine", 1)});
    auto const most = static_cast<int>(most_kept_patches);
    auto const others = [&](json const& what) {
        for (int version = 2; version <= 3 * most; ++version) {
            many.push_back(patch("LP-" + std::to_string(version), version));
            many.back().update(what);
        }
    };
    SECTION("the newer ones are for another ring") {
        others(
            {{"rollout",
              {{"rings", {{"canary", {{{"at", "2026-01-01T00:00:00Z"}, {"percent", 100}}}}}}}}}
        );
        auto const canary =
            parse_kernel_catalogue(catalogue(many).dump(), "catalog.json", "canary");
        REQUIRE(canary);
        CHECK(canary->patches.front().id != "LP-mine");
    }
    SECTION("they are paused") {
        others({{"rollout", {{"paused", true}}}});
    }
    SECTION("they were taken back") {
        others({{"withdrawn", {{"reason", "harm"}}}});
        CHECK(parse(catalogue(many)).withdrawn.size() == many.size() - 1);
    }
    auto const kept = parse(catalogue(many)).patches;
    CHECK(kept.size() == most_kept_patches);
    CHECK(kept.front().id == "LP-mine");
}

TEST_CASE("of very many patches those are kept that others need") {
    auto many = json::array();
    auto const most = static_cast<int>(most_kept_patches);
    for (int version = 1; version <= 3 * most; ++version)
        many.push_back(patch("LP-" + std::to_string(version), version));
    many.back()["requires"] = {"LP-3", "LP-none"};
    many[2]["requires"] = {"LP-1"};
    auto const kept = ids(parse(catalogue(many)));
    CHECK(kept.size() == most_kept_patches);
    CHECK(Strings(kept.begin(), kept.begin() + 3) == Strings{"LP-1", "LP-3", "LP-515"});
}

TEST_CASE("a patch that is not kept is checked all the same") {
    auto many = json::array();
    for (int i = 1; i <= static_cast<int>(2 * most_kept_patches); ++i)
        many.push_back(patch("LP-" + std::to_string(i), i));
    auto again = patch("LP-1", 1);
    SECTION("its id is there again") {
        many.push_back(again);
        CHECK(
            refusal_of(catalogue(many).dump()).find("].id must be another one") != std::string::npos
        );
    }
    SECTION("its module is there again") {
        again = many.front();
        again["id"] = "LP-again";
        many.push_back(again);
        CHECK(
            refusal_of(catalogue(many).dump()).find("].module must be another one") !=
            std::string::npos
        );
    }
    SECTION("it is old, and wrong") {
        again["version"] = 0;
        again["severity"] = "terrible";
        many.push_back(again);
        CHECK(refusal_of(catalogue(many).dump()).find("].severity must be") != std::string::npos);
    }
}

TEST_CASE("there is an end to what a catalogue may hold") {
    CHECK(refusal_of(std::string(max_catalogue_size + 1, ' ')) == "longer than 33554432 bytes");
    std::string many = R"({"patches":[)";
    for (std::size_t i = 0; i <= most_catalogue_patches; ++i) {
        auto entry = patch("LP-" + std::to_string(i));
        many += entry.dump() + ',';
    }
    many.back() = ']';
    CHECK(refusal_of(many + '}') == "patches must be a list of at most 16384");
}
