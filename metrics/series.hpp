// The series of one metric family on a prometheus-cpp Registry, found again by their labels.
// The Registry hands out references that dangle once a series is removed; here they never leave, and removal is by a
// condition on the labels. Not thread-safe: its owner locks.
#pragma once

#include <prometheus/family.h>
#include <prometheus/labels.h>
#include <prometheus/registry.h>

#include <iterator>
#include <map>

namespace keysyncd::metrics {

template <typename Metric>
class Series {
  public:
    explicit Series(prometheus::Family<Metric>& family) : family_(&family) {}

    /// Makes the series if need be; `arguments` are those of the metric's constructor.
    template <typename... Arguments>
    Metric& at(const prometheus::Labels& labels, const Arguments&... arguments) {
        const auto found = known_.find(labels);
        if (found != known_.end()) {
            return *found->second;
        }
        Metric& metric = family_->Add(labels, arguments...);
        known_.emplace(labels, &metric);
        return metric;
    }

    [[nodiscard]] bool has(const prometheus::Labels& labels) const { return known_.contains(labels); }

    template <typename Condition>
    void remove_if(Condition condition) {
        for (auto entry = known_.begin(); entry != known_.end();) {
            const auto next = std::next(entry);
            if (condition(entry->first)) {
                family_->Remove(entry->second);
                known_.erase(entry);
            }
            entry = next;
        }
    }

    template <typename Action>
    void for_each(Action action) {
        for (auto& [labels, metric] : known_) {
            action(labels, *metric);
        }
    }

  private:
    prometheus::Family<Metric>* family_;
    std::map<prometheus::Labels, Metric*> known_;
};

}  // namespace keysyncd::metrics
