#include "publish/catalogue_document.hpp"

#include "base/quantity.hpp"
#include "base/strict_json.hpp"
#include "publish/names.hpp"
#include "publish/rollout_steps.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

namespace livepatch::publish {

namespace {

using nlohmann::json;

// What hosts read (repository/kernel_catalogue.hpp).
constexpr std::size_t largest_catalogue = std::size_t{32} << 20U;
constexpr std::size_t most_patches = 16'384;
constexpr std::size_t most_values = std::size_t{4} << 20U;
constexpr std::size_t most_vulnerabilities = 512;
constexpr std::size_t longest_summary = 256;
constexpr std::size_t longest_details = 8192;

// Stands for the moment of the publication.
constexpr auto at_publication = "";

base::Error senseless(std::string subject, std::string cause, std::string remedy) {
    return {
        .code = base::Errc::invalid_argument,
        .subject = std::move(subject),
        .cause = std::move(cause),
        .remedy = std::move(remedy)};
}

template <std::size_t n>
bool is_one_of(std::string const& word, std::array<std::string_view, n> const& words) {
    return std::ranges::find(words, word) != words.end();
}

base::Result<void> check_ids(std::vector<std::string> const& ids) {
    for (auto const& id : ids)
        if (!is_patch_id(id))
            return senseless(
                id, "no id of a patch", "use 1 to 64 letters, digits, '.', '_' and '-'"
            );
    return {};
}

base::Result<void> check_words(PatchDescription const& what) {
    constexpr std::array<std::string_view, 4> severities{
        "low", "moderate", "important", "critical"};
    constexpr std::array<std::string_view, 3> types{"security", "bugfix", "enhancement"};
    if (!is_one_of(what.severity, severities))
        return senseless(
            what.severity, "no severity", "write low, moderate, important or critical"
        );
    if (!is_one_of(what.type, types))
        return senseless(what.type, "no type", "write security, bugfix or enhancement");
    if (what.summary.size() > longest_summary)
        return senseless("summary", "longer than 256 bytes", "put the rest into the details");
    if (what.details.size() > longest_details)
        return senseless("details", "longer than 8192 bytes", "name a page with --reference");
    if (what.vulnerabilities.size() > most_vulnerabilities)
        return senseless("CVEs", "more than 512", "split the patch");
    return {};
}

// As struct klp_state has them.
struct SystemState {
    std::uint64_t id = 0;
    std::uint32_t version = 0;
};

// "ID:VERSION".
std::optional<SystemState> parse_state(std::string_view text) {
    SystemState state;
    auto const* const end = text.data() + text.size();
    auto const id = std::from_chars(text.data(), end, state.id);
    if (id.ec != std::errc() || id.ptr == end || *id.ptr != ':' || state.id == 0)
        return std::nullopt;
    auto const rest = std::from_chars(id.ptr + 1, end, state.version);
    if (rest.ec != std::errc() || rest.ptr != end)
        return std::nullopt;
    return state;
}

base::Result<void> check_states(std::vector<std::string> const& states) {
    std::set<std::uint64_t> ids;
    for (auto const& text : states) {
        auto const state = parse_state(text);
        if (!state)
            return senseless(text, "no state", "write ID:VERSION, as in its struct klp_state");
        if (!ids.insert(state->id).second)
            return senseless(text, "a second version of that state", "leave one of them out");
    }
    return {};
}

base::Result<void> check_behaviour(PatchBehaviour const& what) {
    constexpr std::array<std::string_view, 4> harms{"oops", "bug", "lockup", "warn"};
    for (auto const& duration : {what.stall_after, what.reverse_after, what.probation})
        if (!duration.empty() && !base::parse_duration(duration))
            return senseless(duration, "no duration", "write 90s, 5min, 12h or 7d");
    for (auto const& harm : what.revert_on)
        if (!is_one_of(harm, harms))
            return senseless(harm, "no kind of harm", "write oops, bug, lockup or warn");
    return check_states(what.states);
}

base::Result<void> check(PatchDescription const& what) {
    for (auto const& ids :
         {std::vector{what.id}, what.supersedes, what.requires_ids, what.conflicts})
        if (auto good = check_ids(ids); !good)
            return good;
    for (auto const& build : what.kernel_build_ids)
        if (!is_build_id(build))
            return senseless(build, "no build-id", "write it in lower-case hex");
    if (auto good = check_behaviour(what.behaviour); !good)
        return good;
    return check_words(what);
}

char const* cvss_type(std::string_view vector) {
    if (vector.starts_with("CVSS:4"))
        return "CVSS_V4";
    if (vector.starts_with("CVSS:3"))
        return "CVSS_V3";
    return nullptr;
}

base::Result<json> vulnerabilities(std::vector<std::string> const& texts) {
    auto list = json::array();
    for (auto const& text : texts) {
        auto const colon = text.find(':');
        auto const id = text.substr(0, colon);
        json one{{"id", id}};
        auto const vector = colon == std::string::npos ? std::string() : text.substr(colon + 1);
        auto const* type = cvss_type(vector);
        if (!is_patch_id(id) || (colon != std::string::npos && type == nullptr))
            return senseless(
                text,
                "no name of a vulnerability",
                "write CVE-2026-1234, or CVE-2026-1234:CVSS:3.1/AV:L/..."
            );
        if (type != nullptr)
            one["severity"] = json::array({{{"type", type}, {"score", vector}}});
        list.push_back(std::move(one));
    }
    return {boost::system::in_place_value, std::move(list)};
}

base::Result<std::optional<bool>>
is_cumulative(PatchDescription const& what, module::LivepatchModule const& module) {
    if (module.replace == module::Replace::unknown)
        return what.cumulative;
    bool const told = module.replace == module::Replace::yes;
    if (what.cumulative && *what.cumulative != told)
        return senseless(
            what.id,
            told ? "the module replaces all patches before it, so it is cumulative"
                 : "the module replaces no other, so it is not cumulative",
            "leave the option out: the module tells it"
        );
    return std::optional(told);
}

json advisories(std::vector<std::string> const& urls) {
    auto list = json::array();
    for (auto const& url : urls)
        list.push_back({{"type", "ADVISORY"}, {"url", url}});
    return list;
}

void add_texts(json& entry, PatchDescription const& what) {
    if (!what.summary.empty())
        entry["summary"] = what.summary;
    if (!what.details.empty())
        entry["details"] = what.details;
    if (!what.references.empty())
        entry["references"] = advisories(what.references);
}

void add_behaviour(json& entry, PatchBehaviour const& what) {
    auto const say = [&](char const* object, char const* key, std::string const& value) {
        if (!value.empty())
            entry[object][key] = value;
    };
    say("transition", "stall_after", what.stall_after);
    say("transition", "reverse_after", what.reverse_after);
    say("probation", "time", what.probation);
    if (!what.revert_on.empty())
        entry["probation"]["revert_on"] = what.revert_on;
    for (auto const& text : what.states) {
        auto const state = *parse_state(text);
        entry["states"].push_back({{"id", state.id}, {"version", state.version}});
    }
    if (!what.reversible)
        entry["reversible"] = false;
    if (what.force_ok)
        entry["force_ok"] = true;
}

// "ID" or "ID=why".
base::Result<json> unfixed_entry(std::string const& text, bool is_mended_by_reboot) {
    auto const equals = text.find('=');
    auto const id = text.substr(0, equals);
    if (!is_patch_id(id))
        return senseless(
            text, "no name of a vulnerability", "write CVE-2026-1234, or CVE-2026-1234=why"
        );
    json entry{{"id", id}};
    if (equals != std::string::npos)
        entry["reason"] = text.substr(equals + 1);
    if (is_mended_by_reboot)
        entry["remediation"] = {
            {"category", "vendor_fix"}, {"restart_required", {{"category", "system"}}}};
    return {boost::system::in_place_value, std::move(entry)};
}

void remove(json& list, std::string const& id) {
    for (auto at = list.begin(); at != list.end();)
        at = at->value("id", "") == id ? list.erase(at) : at + 1;
}

// In the place of what was said of the same before.
base::Result<void>
put_unfixed(json& list, std::vector<std::string> const& texts, bool is_mended_by_reboot) {
    for (auto const& text : texts) {
        auto entry = unfixed_entry(text, is_mended_by_reboot);
        if (!entry)
            return entry.error();
        remove(list, entry->at("id"));
        list.push_back(*std::move(entry));
    }
    return {};
}

base::Result<void> put_support(json& kernel, KernelDescription const& what) {
    if (what.support && !what.support->empty() && !is_patch_id(*what.support))
        return senseless(*what.support, "no word", "write supported, or ended");
    if (what.reboot_into && !what.reboot_into->empty() && !is_release(*what.reboot_into))
        return senseless(*what.reboot_into, "no kernel release", "write it as uname -r does");
    auto const put = [](json& object, char const* key, std::string const& value) {
        if (value.empty())
            object.erase(key);
        else
            object[key] = value;
    };
    if (what.support || what.support_ends) {
        auto& support = kernel["support"];
        if (!support.is_object())
            support = json::object();
        if (what.support)
            put(support, "status", *what.support);
        if (what.support_ends)
            support["ends"] = time_text(*what.support_ends);
    }
    if (what.reboot_into)
        put(kernel, "reboot_into", *what.reboot_into);
    return {};
}

void merge(json& list, std::vector<std::string> const& words) {
    for (auto const& word : words)
        if (std::find(list.begin(), list.end(), word) == list.end())
            list.push_back(word);
}

} // namespace

CatalogueDocument::CatalogueDocument(json content) : content_(std::move(content)) {}

CatalogueDocument::CatalogueDocument(std::string const& release)
    : content_{
          {"schema", catalogue_schema},
          {"kernel", {{"release", release}, {"arch", machine}}},
          {"patches", json::array()},
          {"unfixed", json::array()}} {}

base::Result<CatalogueDocument>
CatalogueDocument::parse(std::string_view text, std::string_view subject) {
    auto content = base::parse_strict_json(
        text, subject, {.size = largest_catalogue, .depth = 32, .values = most_values}
    );
    if (!content)
        return content.error();
    bool const is_ours = content->is_object() && content->value("schema", "") == catalogue_schema &&
                         content->contains("patches") && content->at("patches").is_array() &&
                         content->contains(json::json_pointer("/kernel/release"));
    if (!is_ours)
        return base::Error{
            .code = base::Errc::verification_failed,
            .subject = std::string(subject),
            .cause = "no catalogue of the form " + std::string(catalogue_schema),
            .remedy = {}};
    return CatalogueDocument(*std::move(content));
}

std::string CatalogueDocument::release() const {
    return content_.at("kernel").at("release").get<std::string>();
}

json const* CatalogueDocument::find(std::string const& id) const {
    for (auto const& patch : content_.at("patches"))
        if (patch.is_object() && patch.value("id", "") == id)
            return &patch;
    return nullptr;
}

json& CatalogueDocument::patch(std::string const& id) {
    auto& patches = content_.at("patches");
    return *std::find_if(patches.begin(), patches.end(), [&](json const& one) {
        return one.at("id") == id;
    });
}

std::int64_t CatalogueDocument::next_version() const {
    std::int64_t highest = 0;
    for (auto const& patch : content_.at("patches"))
        highest = std::max(highest, patch.value("version", std::int64_t{0}));
    return highest + 1;
}

base::Result<void> CatalogueDocument::add(
    PatchDescription const& what, ModuleFacts const& facts, bool in_place_of_old
) {
    if (auto good = check(what); !good)
        return good;
    if (has(what.id) && !in_place_of_old)
        return base::Error{
            .code = base::Errc::conflict,
            .subject = what.id,
            .cause = "a patch of that id is there for " + release(),
            .remedy = "choose another id, or put the new one in its place with --replace"};
    auto& patches = content_.at("patches");
    if (patches.size() >= most_patches)
        return senseless(
            release(),
            std::to_string(most_patches) + " patches, the most that a catalogue holds",
            {}
        );
    auto const cves = vulnerabilities(what.vulnerabilities);
    if (!cves)
        return cves.error();
    auto const rings = parse_rings(what.rings);
    if (!rings)
        return rings.error();
    auto const cumulative = is_cumulative(what, facts.module());
    if (!cumulative)
        return cumulative.error();
    json entry{
        {"id", what.id},
        {"version", what.version.value_or(next_version())},
        {"type", what.type},
        {"severity", what.severity},
        {"published", at_publication},
        {"modified", at_publication},
        {"withdrawn", nullptr},
        {"vulnerabilities", *cves},
        {"module", facts.entry(module_path(release(), what.id))},
        {"supersedes", what.supersedes},
        {"requires", what.requires_ids},
        {"conflicts", what.conflicts},
        {"objects", facts.objects()},
        {"functions", facts.functions()},
        {"restart_required", {{"category", "none"}}}};
    add_texts(entry, what);
    add_behaviour(entry, what.behaviour);
    if (*cumulative)
        entry["replace"] = **cumulative;
    if (!rings->empty())
        entry["rollout"] = {{"paused", false}, {"rings", *rings}};
    if (!what.kernel_build_ids.empty()) {
        entry["targets"] =
            json::array({{{"object", "vmlinux"}, {"build_ids", what.kernel_build_ids}}});
        merge(content_["kernel"]["build_ids"], what.kernel_build_ids);
    }
    if (has(what.id))
        patch(what.id) = std::move(entry);
    else
        patches.push_back(std::move(entry));
    return {};
}

base::Result<void> CatalogueDocument::describe_kernel(KernelDescription const& what) {
    auto content = content_;
    auto& unfixed = content["unfixed"];
    if (!unfixed.is_array())
        unfixed = json::array();
    for (auto const& id : what.fixed)
        remove(unfixed, id);
    if (auto good = put_unfixed(unfixed, what.unfixed, false); !good)
        return good;
    if (auto good = put_unfixed(unfixed, what.mended_by_reboot, true); !good)
        return good;
    if (auto good = put_support(content["kernel"], what); !good)
        return good;
    content_ = std::move(content);
    return {};
}

void CatalogueDocument::set_rings(std::string const& id, json rings) {
    auto& entry = patch(id);
    bool const paused = entry.value(json::json_pointer("/rollout/paused"), false);
    entry["rollout"] = {{"paused", paused}, {"rings", std::move(rings)}};
    entry["modified"] = at_publication;
}

void CatalogueDocument::set_paused(std::string const& id, bool paused) {
    auto& entry = patch(id);
    if (!entry.contains("rollout"))
        entry["rollout"] = {{"rings", json::object()}};
    entry["rollout"]["paused"] = paused;
    entry["modified"] = at_publication;
}

void CatalogueDocument::withdraw(
    std::string const& id, std::string const& reason, std::string const& action
) {
    auto& entry = patch(id);
    entry["withdrawn"] = {{"time", at_publication}, {"reason", reason}, {"action", action}};
    entry["modified"] = at_publication;
}

bool CatalogueDocument::settle(Time now) {
    bool changed = false;
    auto const begin = [&](json& time) {
        if (time != at_publication)
            return;
        time = time_text(now);
        changed = true;
    };
    for (auto& entry : content_.at("patches")) {
        for (auto const* key : {"published", "modified"})
            if (entry.contains(key))
                begin(entry[key]);
        if (entry.contains("withdrawn") && entry["withdrawn"].is_object())
            begin(entry["withdrawn"]["time"]);
        if (entry.contains("rollout") && settle_steps(entry["rollout"], now))
            changed = true;
    }
    return changed;
}

std::string CatalogueDocument::text() const {
    return content_.dump() + '\n';
}

} // namespace livepatch::publish
