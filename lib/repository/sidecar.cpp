#include "repository/sidecar.hpp"

#include "base/strict_json.hpp"
#include "module/modinfo.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace livepatch::repository {

namespace {

using nlohmann::json;

constexpr std::size_t most_vulnerabilities = 512;
constexpr std::size_t most_functions = 4096;
constexpr std::size_t most_builds = 64;
constexpr std::string_view schema = "livepatchd.catalog/1";

using Check = bool (*)(std::string_view);

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_made_of(std::string_view text, std::string_view extra, std::size_t longest) {
    return !text.empty() && text.size() <= longest &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return is_letter_or_digit(c) || extra.find(c) != std::string_view::npos;
           });
}

bool is_id(std::string_view text) {
    return is_made_of(text, "._-", 64) && text.front() != '.';
}

bool is_release(std::string_view text) {
    return is_made_of(text, "._+~-", 64);
}

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

bool is_sha256(std::string_view text) {
    return text.size() == 64 && is_hex(text);
}

bool is_build_id(std::string_view text) {
    return !text.empty() && text.size() <= 128 && text.size() % 2 == 0 && is_hex(text);
}

bool is_severity(std::string_view text) {
    constexpr std::array<std::string_view, 6> words{
        "low", "moderate", "medium", "important", "high", "critical"};
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_object(std::string_view text) {
    return module::is_module_name(text);
}

// Symbols may have suffixes of the compiler: f.isra.0, f.cold.
bool is_function(std::string_view text) {
    return is_made_of(text, "_.$", 512);
}

bool is_text(std::string_view text) {
    return text.size() <= 8192;
}

// Reads the keys of one object. The first thing that is wrong is kept; what follows does not
// matter.
class Entry {
public:
    Entry(json const& object, std::string where, std::optional<std::string>& wrong)
        : object_(object),
          where_(std::move(where)),
          wrong_(wrong) {}

    // Each returns whether the key is there and well; a null stands for a key that is not there.

    bool text(char const* key, std::string& target, Check check, std::string_view what) {
        auto const* value = find(key);
        if (value == nullptr)
            return false;
        auto const* string = value->get_ptr<std::string const*>();
        if (string == nullptr || !check(*string))
            return refuse(key, what);
        target = *string;
        return true;
    }

    bool number(char const* key, std::optional<std::uint64_t>& target) {
        auto const* value = find(key);
        if (value == nullptr)
            return false;
        if (!value->is_number_unsigned())
            return refuse(key, "a whole number that is not negative");
        target = value->get<std::uint64_t>();
        return true;
    }

    bool flag(char const* key, std::optional<bool>& target) {
        auto const* value = find(key);
        if (value == nullptr)
            return false;
        if (!value->is_boolean())
            return refuse(key, "true or false");
        target = value->get<bool>();
        return true;
    }

    bool object(char const* key, std::function<void(Entry&)> const& read) {
        auto const* value = find(key);
        if (value == nullptr)
            return false;
        if (!value->is_object())
            return refuse(key, "an object");
        Entry entry(*value, where_ + key + '.', wrong_);
        read(entry);
        return true;
    }

    void objects(char const* key, std::size_t most, std::function<void(Entry&)> const& read) {
        each(key, most, "objects", [&](json const& element, std::string const& where) {
            if (!element.is_object())
                return false;
            Entry entry(element, where + '.', wrong_);
            read(entry);
            return true;
        });
    }

    void texts(
        char const* key,
        std::size_t most,
        std::vector<std::string>& target,
        Check check,
        std::string_view what
    ) {
        each(key, most, what, [&](json const& element, std::string const&) {
            auto const* string = element.get_ptr<std::string const*>();
            if (string == nullptr || !check(*string))
                return false;
            target.push_back(*string);
            return true;
        });
    }

    void need(char const* key, bool there) {
        if (!there)
            refuse(key, "there");
    }

private:
    json const* find(char const* key) const {
        auto const found = object_.find(key);
        return wrong_ || found == object_.end() || found->is_null() ? nullptr : &*found;
    }

    void each(
        char const* key,
        std::size_t most,
        std::string_view what,
        std::function<bool(json const&, std::string const&)> const& take
    ) {
        auto const* value = find(key);
        if (value == nullptr)
            return;
        auto const list = "a list of " + std::string(what);
        if (!value->is_array() || value->size() > most) {
            refuse(key, list + ", at most " + std::to_string(most));
            return;
        }
        for (std::size_t i = 0; i < value->size(); ++i)
            if (!take((*value)[i], where_ + key + '[' + std::to_string(i) + ']')) {
                refuse(key, list);
                return;
            }
    }

    bool refuse(char const* key, std::string_view what) {
        if (!wrong_)
            wrong_ = where_ + key + " must be " + std::string(what);
        return false;
    }

    json const& object_;
    std::string where_;
    std::optional<std::string>& wrong_;
};

void read_vulnerabilities(Entry& entry, std::vector<std::string>& cves) {
    constexpr auto what = "names such as \"CVE-2026-1234\"";
    entry.objects("vulnerabilities", most_vulnerabilities, [&](Entry& one) {
        std::string id;
        one.need("id", one.text("id", id, is_id, "a name such as \"CVE-2026-1234\""));
        cves.push_back(std::move(id));
    });
    entry.texts("cves", most_vulnerabilities, cves, is_id, what);
    std::vector<std::string> once;
    for (auto& id : cves)
        if (std::find(once.begin(), once.end(), id) == once.end())
            once.push_back(std::move(id));
    cves = std::move(once);
}

void read_kernel(Entry& entry, Sidecar& sidecar) {
    entry.object("kernel", [&](Entry& kernel) {
        kernel.text("release", sidecar.release, is_release, "a kernel release (uname -r)");
        kernel.texts(
            "build_ids", most_builds, sidecar.kernel_build_ids, is_build_id, "build-ids in hex"
        );
    });
}

// What is said of vmlinux is said of the kernel.
void read_targets(Entry& entry, Sidecar& sidecar) {
    entry.objects("targets", most_builds, [&](Entry& one) {
        Sidecar::Target target;
        one.need("object", one.text("object", target.object, is_object, "vmlinux or a module"));
        one.texts("build_ids", most_builds, target.build_ids, is_build_id, "build-ids in hex");
        if (target.object != "vmlinux") {
            sidecar.targets.push_back(std::move(target));
            return;
        }
        sidecar.kernel_build_ids.insert(
            sidecar.kernel_build_ids.end(), target.build_ids.begin(), target.build_ids.end()
        );
    });
}

void read_functions(Entry& entry, std::vector<module::Object>& objects) {
    entry.objects("functions", most_functions, [&](Entry& one) {
        std::string object = "vmlinux";
        std::string name;
        std::optional<std::uint64_t> sympos;
        one.text("object", object, is_object, "vmlinux or a module");
        one.need("name", one.text("name", name, is_function, "the name of a function"));
        one.number("sympos", sympos);
        auto const same = std::find_if(objects.begin(), objects.end(), [&](auto const& known) {
            return known.name == object;
        });
        auto& place =
            same == objects.end() ? objects.emplace_back(module::Object{object, {}}) : *same;
        place.functions.push_back({std::move(name), sympos.value_or(0)});
    });
}

void read_module(Entry& entry, Sidecar& sidecar) {
    entry.object("module", [&](Entry& module) {
        module.text("name", sidecar.module_name, is_object, "the name of a module");
        module.number("length", sidecar.length);
        module.text("build_id", sidecar.module_build_id, is_build_id, "a build-id in hex");
        module.object("hashes", [&](Entry& hashes) {
            hashes.text("sha256", sidecar.sha256, is_sha256, "a SHA-256 in lower-case hex");
        });
    });
}

void read_entry(Entry& entry, Sidecar& sidecar) {
    std::string said = std::string(schema);
    entry.text(
        "schema",
        said,
        [](std::string_view text) { return text == schema; },
        "\"livepatchd.catalog/1\""
    );
    entry.need(
        "id", entry.text("id", sidecar.id, is_id, "1 to 64 letters, digits, '.', '_' and '-'")
    );
    entry.number("version", sidecar.version);
    entry.text(
        "severity",
        sidecar.severity,
        is_severity,
        "one of \"low\", \"moderate\", \"medium\", \"important\", \"high\", \"critical\""
    );
    read_vulnerabilities(entry, sidecar.cves);
    sidecar.is_withdrawn = entry.object("withdrawn", [&](Entry& withdrawn) {
        withdrawn.text("reason", sidecar.withdrawn, is_text, "a text");
    });
    read_kernel(entry, sidecar);
    read_targets(entry, sidecar);
    read_module(entry, sidecar);
    entry.flag("replace", sidecar.replace);
    read_functions(entry, sidecar.functions);
}

} // namespace

base::Result<Sidecar> parse_sidecar(std::string_view text, std::string_view subject) {
    auto const document = base::parse_strict_json(text, subject, {.size = max_sidecar_size});
    if (!document)
        return document.error();
    auto const refused = [&](std::string cause) {
        return base::Error{
            .code = base::Errc::verification_failed,
            .subject = std::string(subject),
            .cause = std::move(cause),
            .remedy = "mend it, or remove it"};
    };
    if (!document->is_object())
        return refused("no object, such as a catalogue's entry is");
    Sidecar sidecar;
    std::optional<std::string> wrong;
    Entry entry(*document, {}, wrong);
    read_entry(entry, sidecar);
    if (wrong)
        return refused(std::move(*wrong));
    return sidecar;
}

} // namespace livepatch::repository
