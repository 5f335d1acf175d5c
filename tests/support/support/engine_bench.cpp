#include "support/engine_bench.hpp"

#include "base/atomic_file.hpp"

namespace livepatch::support {

namespace fs = std::filesystem;

namespace {

void write_at_once(fs::path const& path, std::string_view content) {
    base::replace_file(path, content, 0644, base::Durability::until_reboot).value();
}

} // namespace

EngineBench::EngineBench() {
    for (auto const& path : {source(), keys(), state()})
        fs::create_directories(path);
    write_at_once(keys() / "test.pem", test_key().certificate_pem());
}

EngineBench::~EngineBench() {
    kill();
}

engine::Engine::Parts EngineBench::parts() {
    auto const identity = kernel::identify(tree.root()).value();
    std::optional<repository::VerifiedStore> store;
    if (with_store)
        store.emplace(
            repository::ModuleStore(stored()),
            std::vector<repository::Source>{{.name = "test", .path = source(), .keys = {}}},
            keys(),
            identity.release
        );
    return {
        .loop = loop_->get_executor(),
        .clock = clock,
        .kernel_worker = {kernel_queue_->get_executor(), loop_->get_executor()},
        .disk_worker = {disk_queue_->get_executor(), loop_->get_executor()},
        .task_worker = {disk_queue_->get_executor(), loop_->get_executor()},
        .source_worker = {source_queue_->get_executor(), loop_->get_executor()},
        .check_worker = {source_queue_->get_executor(), loop_->get_executor()},
        .preflight = preflight::Preflight(tree.root(), state(), keys()),
        .loader = kernel,
        .tree = kernel::LivepatchTree(tree.root()),
        .scanner = scanner,
        .sources = *sources_,
        .state_file = *state_file_,
        .kill_switch = {directory.path() / "disable", tree.path() / "proc/cmdline"},
        .identity = identity,
        .mode = mode,
        .not_persistent = not_persistent,
        .without_crash_guard = without_crash_guard,
        .machine_id = machine_id,
        .shutdown = engine::ShutdownRecord(state()),
        .store = std::move(store),
        .transition = transition,
        .probation = probation,
        .health = health,
        .policy = policy,
        .forget_past = forget_past};
}

void EngineBench::start() {
    start_slowly();
    run();
}

void EngineBench::start_slowly() {
    kill();
    loop_ = std::make_unique<boost::asio::io_context>(1);
    kernel_queue_ = std::make_unique<boost::asio::io_context>(1);
    disk_queue_ = std::make_unique<boost::asio::io_context>(1);
    source_queue_ = std::make_unique<boost::asio::io_context>(1);
    auto const identity = kernel::identify(tree.root()).value();
    sources_ = std::make_unique<repository::Sources>(
        std::vector<repository::Source>{
            {.name = "test", .path = source(), .keys = {}, .cumulative = cumulative}},
        keys(),
        repository::RunningKernel(identity.release, identity.build_id, tree.root())
    );
    state_file_ = std::make_unique<engine::StateFile>(state());
    engine_ = std::make_unique<engine::Engine>(parts());
    engine_->on_event([this](report::Event const& event) {
        events.push_back(std::string(name(event.kind)) + ' ' + event.patch);
        whole_events.push_back(event);
    });
    engine_->on_report([this](report::Report const& report) { reports.push_back(report); });
    started = false;
    engine_->start([this] { started = true; });
}

// What is queued refers to the engine, and is destroyed unrun before it.
void EngineBench::kill() {
    source_queue_.reset();
    disk_queue_.reset();
    kernel_queue_.reset();
    loop_.reset();
    engine_.reset();
    kernel_held_ = false;
    disk_held_ = false;
    sources_held_ = false;
}

void EngineBench::reboot(End end) {
    kill();
    if (end == End::clean) {
        auto const boot_id = kernel::identify(tree.root())->boot_id;
        engine::ShutdownRecord(state()).write(boot_id).value();
    }
    kernel.reboot();
    tree.set_boot_id("boot-" + std::to_string(++boots_));
}

void EngineBench::kernel_says(std::vector<std::string> const& lines) {
    std::vector<kernel::KernelLine> said;
    for (auto const& text : lines)
        said.push_back({.sequence = next_line++, .text = text});
    engine_->kernel_said(said);
    run();
}

void EngineBench::put_patch(ModuleFile const& module, std::string file_name) {
    if (file_name.empty())
        file_name = module.name + ".ko";
    write_at_once(source() / file_name, module.signed_by(test_key()));
}

void EngineBench::remove_patch(std::string const& file_name) {
    fs::remove(source() / file_name);
}

void EngineBench::run() {
    auto const poll = [](boost::asio::io_context& context, bool held) {
        context.restart();
        return held ? std::size_t{0} : context.poll();
    };
    while (poll(*loop_, false) + poll(*kernel_queue_, kernel_held_) +
           poll(*disk_queue_, disk_held_) + poll(*source_queue_, sources_held_))
        ;
}

void EngineBench::advance(std::chrono::milliseconds duration) {
    auto const until = clock.now() + duration;
    for (auto next = clock.next(); next && *next <= until; next = clock.next()) {
        clock.advance_to(*next);
        run();
    }
    clock.advance_to(until);
    run();
}

void EngineBench::finish_transition() {
    kernel.finish_transition();
    notice();
}

void EngineBench::notice() {
    engine_->notice();
    run();
}

void EngineBench::refresh() {
    engine_->refresh();
    run();
}

template <class Call>
EngineBench::Answer EngineBench::ask(Call call) {
    auto const answer = std::make_shared<Answer>();
    answer_ = answer;
    call([answer](auto const& result) {
        *answer = result ? base::Result<void>() : base::Result<void>(result.error());
    });
    run();
    return *answer;
}

EngineBench::Answer EngineBench::apply(std::string const& patch, engine::Options const& options) {
    return ask([&](auto done) { engine_->apply(patch, options, done); });
}

EngineBench::Answer EngineBench::apply_all() {
    return ask([&](auto done) { engine_->apply_all({}, done); });
}

EngineBench::Answer EngineBench::revert(std::string const& patch, engine::Options const& options) {
    return ask([&](auto done) { engine_->revert(patch, options, done); });
}

EngineBench::Answer EngineBench::revert_all() {
    return ask([&](auto done) { engine_->revert_all({}, done); });
}

EngineBench::Answer EngineBench::hold(std::string const& patch, std::string const& reason) {
    return ask([&](auto done) { engine_->hold(patch, {.reason = reason}, done); });
}

EngineBench::Answer EngineBench::unhold(std::string const& patch, engine::Options const& options) {
    return ask([&](auto done) { engine_->unhold(patch, options, done); });
}

EngineBench::Answer EngineBench::pause(std::string const& reason) {
    return ask([&](auto done) { engine_->pause({.reason = reason}, done); });
}

EngineBench::Answer EngineBench::resume() {
    return ask([&](auto done) { engine_->resume({}, done); });
}

report::Report const& EngineBench::report() {
    clock.advance_to(clock.now() + std::chrono::milliseconds(11)); // older looks are too old
    return engine_->report();
}

report::PatchReport EngineBench::patch(std::string const& name) {
    for (auto const& patch : report().patches)
        if (patch.name == name)
            return patch;
    report::PatchReport absent;
    absent.name = name;
    return absent;
}

} // namespace livepatch::support
