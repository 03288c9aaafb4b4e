// The ledger's thread: workers hand it what they found and wait for the commit; after each it publishes a snapshot.
// call() and post() are for any thread; what they run is serialised, so recorders need no lock.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <type_traits>

#include "config/settings.hpp"
#include "daemon/process/clock.hpp"
#include "daemon/record/ledger_desk.hpp"
#include "metrics/snapshot_slot.hpp"

namespace keysyncd::daemon {

class LedgerService {
  public:
    /// Opens the ledger and publishes the first snapshot. Throws what Ledger throws. `on_damage` is told once, on the
    /// ledger's thread, when the file shows to be damaged while it is open: a service made anew sets it aside.
    LedgerService(const config::Settings& settings, metrics::SnapshotSlot& slot, Clock clock,
                  std::function<void()> on_damage);
    /// Runs what was posted, then commits and closes.
    ~LedgerService();
    LedgerService(const LedgerService&) = delete;
    LedgerService& operator=(const LedgerService&) = delete;

    /// Runs the work on the ledger's thread; a snapshot is published after it. The future carries its exception.
    template <typename Work>
    [[nodiscard]] auto post(Work work) -> std::future<std::invoke_result_t<Work&, LedgerDesk&>> {
        using Result = std::invoke_result_t<Work&, LedgerDesk&>;
        auto task = std::make_shared<std::packaged_task<Result(LedgerDesk&)>>(std::move(work));
        auto future = task->get_future();
        enqueue([task](LedgerDesk& desk) { (*task)(desk); });
        return future;
    }
    template <typename Work>
    auto call(Work work) {
        return post(std::move(work)).get();
    }

    [[nodiscard]] DomainId domain_id(const std::string& name) const { return domain_ids_.at(name); }

  private:
    void open(LedgerCheck check);
    void enqueue(std::function<void(LedgerDesk&)> work);
    void publish();
    void tell_damage();
    void tick();

    struct Loop;
    config::Settings settings_;
    metrics::SnapshotSlot* slot_;
    Clock clock_;
    std::function<void()> on_damage_;  ///< empty once told
    std::map<std::string, DomainId> domain_ids_;
    std::uint64_t commit_failures_ = 0;
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<LedgerDesk> desk_;
    std::unique_ptr<Loop> loop_;  // last: its thread ends before what it uses
};

}  // namespace keysyncd::daemon
