#include "ldap/domain_reader.hpp"

#include <utility>

#include "ldap/account_lookup.hpp"
#include "ldap/catch_up.hpp"
#include "ldap/change_tracking.hpp"
#include "ldap/change_window.hpp"
#include "ldap/dirsync_pass.hpp"
#include "ldap/dirsync_plan.hpp"
#include "ldap/domain_link.hpp"
#include "ldap/pass_sinks.hpp"
#include "ldap/replication_state.hpp"
#include "ldap/root_dse.hpp"
#include "ldap/user_pass.hpp"

namespace keysyncd::ldap {
namespace {

Instant now() {
    return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
}

std::string account_of(const config::BindSettings& bind) {
    return bind.dn.empty() ? bind.principal : bind.dn;
}

}  // namespace

std::string_view to_string(PassKind kind) noexcept {
    switch (kind) {
        case PassKind::full_sweep:
            return "full_sweep";
        case PassKind::window:
            return "window";
        case PassKind::quiet:
            return "quiet";
    }
    return "unknown";
}

std::vector<bool> PassSink::with_news(std::span<const DirectoryUser> /*batch*/) {
    return {};
}

std::vector<KnownUser> PassSink::bereft() {
    return {};
}

class DomainReader::Impl {
  public:
    Impl(config::DomainSettings settings, DeadlineSupervisor& supervisor, const ConnectionLimits& limits)
        : settings_(std::move(settings)), link_(settings_, supervisor, limits), proof_(account_of(settings_.bind)) {}

    std::expected<PassEnd, PollError> poll(std::span<const DirectoryCursor> cursors, bool sweep_due, PassSink& sink,
                                           const std::stop_token& stop) {
        return link_.run(stop, [&]() -> std::expected<PassEnd, PollError> {
            PassEnd end;
            auto root = begin_pass(end, stop);
            if (!root) {
                return std::unexpected(std::move(root.error()));
            }
            const DatabaseState state = state_of(*root);
            const auto verdict = catch_up_.judge(vector_, state, cursors, std::chrono::steady_clock::now());
            if (!verdict.caught_up) {
                return std::unexpected(
                    PollError{PollFailure::server_busy, link_.server(),
                              "the domain controller has not received yet all that was read from another one: waiting "
                              "for replication, at most half an hour; check it with repadmin /replsummary"});
            }
            end.start.may_lag = verdict.may_lag;
            end.start.read_up_to = read_up_to(cursors, state);
            AdditionsSink additions(sink);
            std::uint64_t newest_usn = 0;
            const PassContext context =
                context_of(*root, end, verdict.may_lag ? static_cast<PassSink&>(additions) : sink, newest_usn, stop);
            auto outcome = run(context, state, cursors, sweep_due || verdict.sweep_due, end.start);
            // What a failed pass handed over was read as well.
            catch_up_.read_up_to(state.invocation_id, newest_usn);
            if (!outcome) {
                return std::unexpected(std::move(outcome.error()));
            }
            catch_up_.ended(state.invocation_id, end.start);
            finish(end, std::move(*outcome), *root);
            end.given_up = catch_up_.given_up(cursors);
            if (verdict.untold) {
                end.warnings.push_back(end.lag_untold);
            }
            return end;
        });
    }

    std::expected<PassEnd, PollError> look(std::uint64_t most_users, PassSink& sink, const std::stop_token& stop) {
        return link_.run(stop, [&]() -> std::expected<PassEnd, PollError> {
            PassEnd end;
            auto root = begin_pass(end, stop);
            if (!root) {
                return std::unexpected(std::move(root.error()));
            }
            SampleSink sample(sink, most_users);
            std::uint64_t newest_usn = 0;
            const PassContext context = context_of(*root, end, sample, newest_usn, stop);
            auto outcome = run(context, state_of(*root), {}, true, end.start);
            if (!outcome && outcome.error().failure == PollFailure::stopped && sample.full() &&
                !stop.stop_requested()) {
                end.cut_short = true;
                outcome = prove_sample(context, sample.users_seen());
            }
            if (!outcome) {
                return std::unexpected(std::move(outcome.error()));
            }
            finish(end, std::move(*outcome), *root);
            return end;
        });
    }

    std::expected<std::optional<DirectoryUser>, PollError> look_up(const AccountQuery& query,
                                                                   const std::stop_token& stop) {
        return link_.run(stop, [&]() -> std::expected<std::optional<DirectoryUser>, PollError> {
            // The whole domain, not base_dn alone: "outside of what is synchronised" is an answer too.
            return look_up_account(link_.connection(), link_.naming_context(), query, stop);
        });
    }

    [[nodiscard]] std::uint64_t connections() const noexcept { return link_.connections(); }

  private:
    [[nodiscard]] DatabaseState state_of(const RootDse& root) const {
        return {.server = link_.server(),
                .invocation_id = link_.invocation_id(),
                .highest_committed_usn = root.highest_committed_usn};
    }

    [[nodiscard]] PassContext context_of(const RootDse& root, const PassEnd& end, PassSink& sink,
                                         std::uint64_t& newest_usn, const std::stop_token& stop) {
        return {.connection = link_.connection(),
                .root = root,
                .base_dn = end.base_dn,
                .narrowing_filter = settings_.filter,
                .proof = proof_,
                .write_times = write_times_,
                .sink = sink,
                .newest_usn = newest_usn,
                .stop = stop};
    }

    // The rootDSE, and what has to be known of a connection before its first pass.
    std::expected<RootDse, PollError> begin_pass(PassEnd& end, const std::stop_token& stop) {
        end.start.kind = PassKind::quiet;
        end.start.server = link_.server();
        end.start.started = now();
        // highestCommittedUSN comes before the search: what changes during it is read again, never missed.
        auto root = read_root_dse(link_.connection(), stop);
        if (!root) {
            return root;
        }
        link_.answered();
        end.start.clock_offset = root->clock_offset;
        end.base_dn = settings_.base_dn.empty() ? root->default_naming_context : settings_.base_dn;
        if (std::exchange(known_connection_, link_.connections()) != link_.connections()) {
            tracking_.reset();
            catch_up_.reconnected();
        }
        if (catch_up_.wants_vector()) {
            auto vector = read_up_to_date_vector(link_.connection(), root->default_naming_context, stop);
            if (!vector) {
                return std::unexpected(std::move(vector.error()));
            }
            vector_ = std::move(*vector);
        }
        if (!tracking_) {
            auto chosen = decide_tracking(link_.connection(), *root, settings_.change_tracking, end.base_dn, stop);
            if (!chosen) {
                return std::unexpected(std::move(chosen.error()));
            }
            tracking_ = std::move(*chosen);
        }
        write_times_.begin();
        return root;
    }

    std::expected<PassOutcome, PollError> run(const PassContext& context, const DatabaseState& state,
                                              std::span<const DirectoryCursor> cursors, bool sweep_due,
                                              PassStart& start) {
        const auto begin = [&](PassKind kind, const std::string& reason) {
            start.kind = kind;
            start.reason = reason;
            context.sink.begin(start);
        };
        if (tracking_->choice.dirsync) {
            return read_by_dirsync(context, plan_dirsync(cursors, state, sweep_due), tracking_->access, begin);
        }
        const PassPlan plan = plan_pass(cursors, state, sweep_due);
        begin(plan.kind, plan.reason);
        return read_by_usn(context, plan);
    }

    // As after a whole sweep.
    std::expected<PassOutcome, PollError> prove_sample(const PassContext& context, std::uint64_t users) const {
        PassOutcome outcome{.entries = users, .warnings = {}, .dirsync_cookie = {}};
        if (tracking_->choice.dirsync && tracking_->access == DirSyncAccess::replication_right) {
            return outcome;  // replication is not filtered by what the account may read
        }
        auto warnings = proof_.after_sweep(context.connection, context.root, context.base_dn, context.stop);
        if (!warnings) {
            return std::unexpected(std::move(warnings.error()));
        }
        outcome.warnings = std::move(*warnings);
        return outcome;
    }

    void finish(PassEnd& end, PassOutcome&& outcome, const RootDse& root) {
        end.ended = now();
        end.cursor = {.server = link_.server(),
                      .invocation_id = link_.invocation_id(),
                      .usn = root.highest_committed_usn,
                      .dirsync_cookie = std::move(outcome.dirsync_cookie),
                      .newest_usn = catch_up_.newest_usn(link_.invocation_id())};
        end.domain_sid = link_.domain_sid();
        end.entries = outcome.entries;
        end.certificate_expiry = link_.connection().certificate_expiry();
        end.warnings = std::move(outcome.warnings);
        end.dirsync = tracking_->choice.dirsync;
        end.tracking_reason = tracking_->choice.reason;
        end.hidden = std::move(outcome.hidden);
        end.metadata_asked = write_times_.asked();
        end.metadata_unreadable = write_times_.unreadable();
        if (!vector_) {
            end.lag_untold = hidden_vector(root.default_naming_context, account_of(settings_.bind));
        }
    }

    config::DomainSettings settings_;
    DomainLink link_;
    RightsProof proof_;
    CatchUp catch_up_;
    WriteTimes write_times_;
    // Of this connection:
    std::uint64_t known_connection_ = 0;
    std::optional<Tracking> tracking_;
    std::optional<ReplicationState> vector_;
};

DomainReader::DomainReader(config::DomainSettings settings, DeadlineSupervisor& supervisor,
                           const ConnectionLimits& limits)
    : impl_(std::make_unique<Impl>(std::move(settings), supervisor, limits)) {}

DomainReader::~DomainReader() = default;

std::expected<PassEnd, PollError> DomainReader::poll(std::span<const DirectoryCursor> cursors, bool sweep_due,
                                                     PassSink& sink, const std::stop_token& stop) {
    return impl_->poll(cursors, sweep_due, sink, stop);
}

std::expected<PassEnd, PollError> DomainReader::look(std::uint64_t most_users, PassSink& sink,
                                                     const std::stop_token& stop) {
    return impl_->look(most_users, sink, stop);
}

std::expected<std::optional<DirectoryUser>, PollError> DomainReader::look_up(const AccountQuery& query,
                                                                             const std::stop_token& stop) {
    return impl_->look_up(query, stop);
}

std::uint64_t DomainReader::connections() const noexcept {
    return impl_->connections();
}

}  // namespace keysyncd::ldap
