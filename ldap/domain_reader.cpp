#include "ldap/domain_reader.hpp"

#include <utility>

#include "ldap/account_lookup.hpp"
#include "ldap/catch_up.hpp"
#include "ldap/change_tracking.hpp"
#include "ldap/change_window.hpp"
#include "ldap/connection.hpp"
#include "ldap/dirsync_pass.hpp"
#include "ldap/dirsync_plan.hpp"
#include "ldap/root_dse.hpp"
#include "ldap/server_rotation.hpp"
#include "ldap/srv_lookup.hpp"
#include "ldap/user_pass.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::chrono::minutes rediscovery{15};

Instant now() {
    return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
}

// The domain controller cuts a connection when its Kerberos ticket ends.
bool expires_soon(const Connection& connection) {
    const auto expiry = connection.credential_expiry();
    return expiry && *expiry - std::chrono::system_clock::now() < std::chrono::minutes(5);
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
        : settings_(std::move(settings)),
          supervisor_(supervisor),
          limits_(limits),
          rotation_(settings_.servers.empty() ? std::vector{settings_.name} : settings_.servers),
          proof_(account_of(settings_.bind)) {}

    std::expected<PassEnd, PollError> poll(std::span<const DirectoryCursor> cursors, bool sweep_due, PassSink& sink,
                                           const std::stop_token& stop) {
        return guarded(stop, [&]() { return poll_connected(cursors, sweep_due, sink, stop); });
    }

    std::expected<std::optional<DirectoryUser>, PollError> look_up(const AccountQuery& query,
                                                                   const std::stop_token& stop) {
        return guarded(stop, [&]() -> std::expected<std::optional<DirectoryUser>, PollError> {
            // The whole domain, not base_dn alone: "outside of what is synchronised" is an answer too.
            return look_up_account(*connection_, naming_context_, query, stop);
        });
    }

  private:
    // Connects where that is needed, and drops the connection after any failure.
    template <class Operation>
    auto guarded(const std::stop_token& stop, const Operation& operation) -> decltype(operation()) {
        if (connection_ != nullptr && expires_soon(*connection_)) {
            connection_.reset();  // before the server does it in the middle of an answer
        }
        if (connection_ == nullptr) {
            if (auto connected = connect(stop); !connected) {
                return std::unexpected(drop(std::move(connected.error())));
            }
        }
        auto outcome = operation();
        if (!outcome) {
            return std::unexpected(drop(std::move(outcome.error())));
        }
        rotation_.succeeded();
        return outcome;
    }

    PollError drop(PollError error) {
        connection_.reset();
        error.server = rotation_.current();
        if (error.failure != PollFailure::stopped) {
            rotation_.failed();
        }
        return error;
    }

    // At the start, when every server has failed, and now and then: domain controllers come and go.
    std::expected<void, PollError> discover(const std::stop_token& stop) {
        const auto now = std::chrono::steady_clock::now();
        if (!settings_.discover || (discovered_at_ && !rotation_.began_anew() && now - *discovered_at_ < rediscovery)) {
            return {};
        }
        auto servers = discover_servers(settings_, limits_.connect, stop);
        if (!servers && discovered_at_) {
            return {};  // the DNS is down: those known before may still be there
        }
        if (!servers) {
            return std::unexpected(PollError{stop.stop_requested() ? PollFailure::stopped : PollFailure::resolve,
                                             rotation_.current(), std::move(servers.error())});
        }
        rotation_ = ServerRotation(std::move(*servers));
        discovered_at_ = now;
        return {};
    }

    std::expected<void, PollError> connect(const std::stop_token& stop) {
        if (const auto discovered = discover(stop); !discovered) {
            return discovered;
        }
        const auto server = parse_server_endpoint(rotation_.current());
        if (!server) {
            return std::unexpected(PollError{PollFailure::configuration, rotation_.current(), server.error()});
        }
        auto connection = Connection::open(*server, settings_.tls, settings_.bind, supervisor_, stop, limits_);
        if (!connection) {
            return std::unexpected(std::move(connection.error()));
        }
        connection_ = std::move(*connection);
        tracking_.reset();
        catch_up_.reconnected();
        const auto root = read_root_dse(*connection_, stop);
        if (!root) {
            return std::unexpected(root.error());
        }
        naming_context_ = root->default_naming_context;
        const auto invocation_id = read_invocation_id(*connection_, *root, stop);
        if (!invocation_id) {
            return std::unexpected(invocation_id.error());
        }
        invocation_id_ = *invocation_id;
        const auto domain_sid = read_domain_sid(*connection_, naming_context_, stop);
        if (!domain_sid) {
            return std::unexpected(domain_sid.error());
        }
        domain_sid_ = *domain_sid;
        return {};
    }

    std::expected<PassEnd, PollError> poll_connected(std::span<const DirectoryCursor> cursors, bool sweep_due,
                                                     PassSink& sink, const std::stop_token& stop) {
        PassEnd end;
        end.start.kind = PassKind::quiet;
        end.start.server = rotation_.current();
        end.start.started = now();
        // highestCommittedUSN comes before the search: what changes during it is read again, never missed.
        const auto root = read_root_dse(*connection_, stop);
        if (!root) {
            return std::unexpected(root.error());
        }
        end.start.clock_offset = root->clock_offset;
        const DatabaseState state{.server = rotation_.current(),
                                  .invocation_id = invocation_id_,
                                  .highest_committed_usn = root->highest_committed_usn};
        end.start.read_up_to = read_up_to(cursors, state);
        end.base_dn = settings_.base_dn.empty() ? root->default_naming_context : settings_.base_dn;
        const auto caught_up =
            catch_up_.proven(*connection_, root->default_naming_context, invocation_id_, root->highest_committed_usn,
                             cursors, std::chrono::steady_clock::now(), stop);
        if (!caught_up) {
            return std::unexpected(caught_up.error());
        }
        if (!*caught_up) {
            return std::unexpected(
                PollError{PollFailure::server_busy, rotation_.current(),
                          "the domain controller has not received yet all that was read from another one: waiting for "
                          "replication, at most half an hour; check it with repadmin /replsummary"});
        }
        std::uint64_t newest_usn = 0;
        const PassContext context{.connection = *connection_,
                                  .root = *root,
                                  .base_dn = end.base_dn,
                                  .narrowing_filter = settings_.filter,
                                  .proof = proof_,
                                  .write_times = write_times_,
                                  .sink = sink,
                                  .newest_usn = newest_usn,
                                  .stop = stop};
        write_times_.begin();
        if (!tracking_) {
            auto chosen = decide_tracking(*connection_, *root, settings_.change_tracking, end.base_dn, stop);
            if (!chosen) {
                return std::unexpected(std::move(chosen.error()));
            }
            tracking_ = std::move(*chosen);
        }
        const auto begin = [&](PassKind kind, const std::string& reason) {
            end.start.kind = kind;
            end.start.reason = reason;
            sink.begin(end.start);
        };
        auto outcome = run(context, state, cursors, sweep_due, begin);
        if (!outcome) {
            return std::unexpected(std::move(outcome.error()));
        }
        catch_up_.read_up_to(invocation_id_, newest_usn);
        end.ended = now();
        end.cursor = {.server = rotation_.current(),
                      .invocation_id = invocation_id_,
                      .usn = root->highest_committed_usn,
                      .dirsync_cookie = std::move(outcome->dirsync_cookie)};
        end.domain_sid = domain_sid_;
        end.entries = outcome->entries;
        end.certificate_expiry = connection_->certificate_expiry();
        end.warnings = std::move(outcome->warnings);
        end.dirsync = tracking_->choice.dirsync;
        end.tracking_reason = tracking_->choice.reason;
        end.hidden = std::move(outcome->hidden);
        end.metadata_asked = write_times_.asked();
        end.metadata_unreadable = write_times_.unreadable();
        return end;
    }

    std::expected<PassOutcome, PollError> run(const PassContext& context, const DatabaseState& state,
                                              std::span<const DirectoryCursor> cursors, bool sweep_due,
                                              const PassBegin& begin) {
        if (tracking_->choice.dirsync) {
            return read_by_dirsync(context, plan_dirsync(cursors, state, sweep_due), tracking_->access, begin);
        }
        const PassPlan plan = plan_pass(cursors, state, sweep_due);
        begin(plan.kind, plan.reason);
        return read_by_usn(context, plan);
    }

    config::DomainSettings settings_;
    DeadlineSupervisor& supervisor_;
    ConnectionLimits limits_;
    ServerRotation rotation_;
    std::optional<std::chrono::steady_clock::time_point> discovered_at_;
    RightsProof proof_;
    CatchUp catch_up_;
    WriteTimes write_times_;
    std::optional<Tracking> tracking_;  // on this connection
    std::unique_ptr<Connection> connection_;
    std::string naming_context_;
    Guid invocation_id_;
    Sid domain_sid_;
};

DomainReader::DomainReader(config::DomainSettings settings, DeadlineSupervisor& supervisor,
                           const ConnectionLimits& limits)
    : impl_(std::make_unique<Impl>(std::move(settings), supervisor, limits)) {}

DomainReader::~DomainReader() = default;

std::expected<PassEnd, PollError> DomainReader::poll(std::span<const DirectoryCursor> cursors, bool sweep_due,
                                                     PassSink& sink, const std::stop_token& stop) {
    return impl_->poll(cursors, sweep_due, sink, stop);
}

std::expected<std::optional<DirectoryUser>, PollError> DomainReader::look_up(const AccountQuery& query,
                                                                             const std::stop_token& stop) {
    return impl_->look_up(query, stop);
}

}  // namespace keysyncd::ldap
