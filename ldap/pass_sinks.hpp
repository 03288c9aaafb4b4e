// Sinks that stand between a pass and the one that asked for it, and change what it is told. On the pass' thread.
#pragma once

#include <cstdint>
#include <vector>

#include "ldap/domain_reader.hpp"

namespace keysyncd::ldap {

class ForwardingSink : public PassSink {
  public:
    explicit ForwardingSink(PassSink& to) : to_(to) {}
    void begin(const PassStart& start) override { to_.begin(start); }
    bool users(std::vector<DirectoryUser>&& batch) override { return to_.users(std::move(batch)); }
    std::vector<bool> with_news(std::span<const DirectoryUser> batch) override { return to_.with_news(batch); }

  private:
    PassSink& to_;
};

/// Wants no more after so many users.
class SampleSink final : public ForwardingSink {
  public:
    SampleSink(PassSink& to, std::uint64_t most_users) : ForwardingSink(to), most_users_(most_users) {}
    bool users(std::vector<DirectoryUser>&& batch) override {
        users_ += batch.size();
        return ForwardingSink::users(std::move(batch)) && !full();
    }
    [[nodiscard]] std::uint64_t users_seen() const noexcept { return users_; }
    [[nodiscard]] bool full() const noexcept { return users_ >= most_users_; }

  private:
    std::uint64_t most_users_;
    std::uint64_t users_ = 0;
};

/// Tells of keys that are there, and never that one is not: of a domain controller that may lag. A user that was
/// deleted is deleted all the same.
class AdditionsSink final : public ForwardingSink {
  public:
    using ForwardingSink::ForwardingSink;
    bool users(std::vector<DirectoryUser>&& batch) override {
        for (auto& user : batch) {
            user.key_set = KeySet::incremental;
        }
        return ForwardingSink::users(std::move(batch));
    }
};

}  // namespace keysyncd::ldap
