#include "fetch/visit.hpp"

#include "base/text.hpp"
#include "repository/module_target.hpp"
#include "trust/tuf/file_name.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace livepatch::fetch {

namespace tuf = trust::tuf;

namespace {

// Longer than from one run to the next (livepatch-fetch.timer): what is needed by then has to be
// here when its time comes.
constexpr std::chrono::hours until_next_run{2};

bool is_of_this_host(base::Error const& error) {
    return error.os_error != 0;
}

std::string count(std::size_t number, std::string const& thing) {
    return std::to_string(number) + ' ' + thing + (number == 1 ? "" : "s");
}

} // namespace

bool may_pass(base::Error const& error) {
    return error.code == base::Errc::failed && !is_of_this_host(error);
}

base::Result<Visit> Visit::begin(Errand const& errand, With with) {
    auto mirror = mirror::Mirror::refreshed(
        errand.anchor,
        {.web = with.web,
         .store = with.store,
         .tree = errand.tree,
         .now = with.now,
         .max_size = errand.max_size}
    );
    if (!mirror)
        return mirror.error();
    return Visit(errand, with, *std::move(mirror));
}

void Visit::say(std::string const& what) {
    with_.voice.say(errand_.source + ": " + what);
}

void Visit::lack(base::Error error, bool is_the_servers) {
    bool const others_may_have_it = is_the_servers && !is_of_this_host(error);
    is_over_ = is_over_ || (is_the_servers && may_pass(error));
    lacks_.push_back({.error = std::move(error), .is_the_servers = others_may_have_it});
}

bool Visit::lacks_what_others_may_have() const {
    return std::ranges::any_of(lacks_, &Lack::is_the_servers);
}

bool Visit::has_room(tuf::Target const& target) {
    if (mirror_->has_room_for(target))
        return true;
    lack(
        {.code = base::Errc::limits_exceeded,
         .subject = target.path,
         .cause = "no room for it: the mirrors may have " + size_text(errand_.max_size) +
                  " for this repository",
         .remedy = "raise max_size in the table [fetch] of livepatchd.toml"},
        false
    );
    return false;
}

// Nothing: there is none, or it is lacking, and nobody knows what is in it.
std::optional<std::string> Visit::read(std::string const& path, std::size_t limit) {
    auto const lacks_before = lacks_.size();
    auto text = read_or_lack(path, limit);
    knows_needs_ = knows_needs_ && lacks_.size() == lacks_before;
    return text;
}

std::optional<std::string> Visit::read_or_lack(std::string const& path, std::size_t limit) {
    auto const target = mirror_->client().find(path);
    if (!target) {
        if (target.error().code != base::Errc::not_found)
            lack(target.error(), true);
        return std::nullopt;
    }
    if (static_cast<std::size_t>(target->length) > limit) {
        lack(
            {.code = base::Errc::limits_exceeded,
             .subject = path,
             .cause = "longer than " + std::to_string(limit) + " bytes",
             .remedy = "its publisher has to make it smaller"},
            false
        );
        return std::nullopt;
    }
    if (!has_room(*target))
        return std::nullopt;
    auto text = mirror_->read(*target);
    if (text)
        return *std::move(text);
    lack(text.error(), true);
    return std::nullopt;
}

// Without one that can be read the daemon believes nothing of all this: what is brought then does
// no harm.
repository::BrakeList Visit::read_brakes() {
    auto const path = std::string(repository::brake_path);
    auto const text = read(path, repository::max_brake_size);
    if (!text)
        return {};
    auto brakes = repository::parse_brake_list(*text, path);
    if (brakes)
        return *std::move(brakes);
    lack(brakes.error(), false);
    return {};
}

// The running kernel first; of the others all catalogues before the first module: what they name is
// to be judged, even where there is no room for it.
void Visit::bring() {
    auto const brakes = read_brakes();
    bring_kernels({errand_.kernels.begin(), errand_.kernels.begin() + 1}, brakes);
    bring_kernels({errand_.kernels.begin() + 1, errand_.kernels.end()}, brakes);
    asked_all_ = !is_over_;
}

void Visit::bring_kernels(
    std::vector<std::string> const& releases, repository::BrakeList const& brakes
) {
    std::vector<Needs> all;
    for (auto const& release : releases) {
        if (is_over_)
            return;
        if (auto needs = needs_of(release, brakes))
            all.push_back(*std::move(needs));
    }
    for (auto const& needs : all)
        for (auto const& entry : needs.entries) {
            if (is_over_)
                return;
            bring_module(needs.release, entry);
        }
}

std::optional<Visit::Needs>
Visit::needs_of(std::string const& release, repository::BrakeList const& brakes) {
    auto const path = repository::catalogue_path(errand_.arch, release);
    auto const text = read(path, repository::max_catalogue_size);
    if (!text)
        return std::nullopt;
    auto const catalogue = repository::parse_catalogue_of(release, *text, path, errand_.host.ring);
    if (!catalogue) {
        lack(catalogue.error(), false);
        knows_needs_ = false;
        return std::nullopt;
    }
    ++catalogues_;
    Needs needs{.release = release, .entries = {}};
    for (auto const* entry : repository::needed_until(
             *catalogue, brakes, errand_.host, with_.now, with_.now + until_next_run
         ))
        needs.entries.push_back(*entry);
    return needs;
}

void Visit::bring_module(std::string const& release, repository::PatchEntry const& entry) {
    auto const target = repository::module_target(mirror_->client(), entry);
    if (!target) {
        lack(target.error(), true);
        return;
    }
    if (!has_room(*target))
        return;
    auto const length = static_cast<std::uint64_t>(target->length);
    auto const before = mirror_->files_fetched();
    auto const fetched = mirror_->fetch(*target, [&](std::uint64_t bytes) {
        with_.voice.progress(errand_.source + ": " + entry.id + " for " + release, bytes, length);
    });
    if (!fetched) {
        lack(fetched.error(), true);
        return;
    }
    ++modules_;
    if (mirror_->files_fetched() != before)
        say("fetched " + entry.id + " for " + release + " (" + size_text(length) + ')');
}

base::Result<void> Visit::publish() {
    auto const version = mirror_->client().root().header.version;
    bool const is_first = !errand_.tree.has_metadata("timestamp.json");
    bool const knows_root = errand_.tree.has_metadata(tuf::versioned_file_name(version, "root"));
    auto const is_news = mirror_->publish();
    if (!is_news)
        return is_news.error();
    if (!is_first && !knows_root)
        say("its owner has made root.json version " + std::to_string(version));
    auto const expires = base::rfc3339(mirror_->client().timestamp().header.expires);
    auto const patches =
        modules_ == 1 ? "is 1 patch" : "are " + std::to_string(modules_) + " patches";
    if (*is_news)
        say("here " + patches + " for " + count(catalogues_, "kernel") + ", good until " + expires);
    else
        say("nothing new; good until " + expires);
    // What was not asked for when the server went out is not known to be unneeded.
    bool const may_be_needed = lacks_what_others_may_have() || !knows_needs_;
    if (!asked_all_ || (may_be_needed && errand_.tree.size() <= errand_.max_size))
        return {};
    if (*is_news && !is_first)
        with_.let_readers_end();
    return tidy_up();
}

base::Result<void> Visit::tidy_up() {
    auto const removed = mirror_->remove_others();
    if (!removed)
        return removed.error();
    for (auto const& file : *removed)
        say("removed " + file + ", which is not needed any more");
    return mirror_->forget_old_metadata();
}

} // namespace livepatch::fetch
