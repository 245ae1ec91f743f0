#include "actions/http/name_resolver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>

namespace sluice::actions {
namespace {

constexpr std::chrono::seconds remembered{10};

attempt_result lookup_failure(const std::string& host, boost::system::error_code ec)
{
    attempt_result failed;
    const bool unknown =
        ec == boost::asio::error::host_not_found || ec == boost::asio::error::no_data;
    failed.cause = unknown ? attempt_cause::unknown_host : attempt_cause::resolver_failed;
    failed.detail = unknown
                        ? fmt::format("the host name {} does not exist; check `url`", host)
                        : fmt::format("the resolver gave no answer for {}: {}", host, ec.message());
    return failed;
}

}  // namespace

name_resolver::name_resolver(boost::asio::any_io_executor on, const url& of, wait_list& waits)
    : resolver_(std::move(on)), of_(of), waits_(waits)
{
    if (!of_.host_is_address) return;
    known_.emplace_back(boost::asio::ip::make_address(of_.host), of_.port);
    known_until_ = steady_time::max();
}

name_resolver::~name_resolver()
{
    if (current_) current_->waiting.clear();
    resolver_.cancel();
}

boost::asio::awaitable<name_resolver::answer> name_resolver::resolve(steady_time deadline)
{
    const steady_time now = waits_.clock().steady_now();
    if (of_.host_is_address || (!known_.empty() && now < known_until_)) {
        if (of_.host_is_address && known_.empty()) {
            known_.emplace_back(boost::asio::ip::make_address(of_.host), of_.port);
        }
        co_return answer{known_, std::nullopt};
    }
    if (!current_ || current_->done) start_lookup();
    const std::shared_ptr<lookup> asked = current_;
    wait_entry entry;
    asked->waiting.push_back(&entry);
    const wake why = co_await waits_.wait(entry, deadline, true);
    if (why != wake::ready) {
        std::erase(asked->waiting, &entry);
        co_return answer{{}, lookup_failure(of_.host, boost::asio::error::timed_out)};
    }
    if (asked->ec) co_return answer{{}, lookup_failure(of_.host, asked->ec)};
    known_ = asked->endpoints;
    known_until_ = waits_.clock().steady_now() + remembered;
    co_return answer{known_, std::nullopt};
}

void name_resolver::start_lookup()
{
    current_ = std::make_shared<lookup>();
    resolver_.async_resolve(
        of_.host, std::to_string(of_.port), boost::asio::ip::resolver_base::numeric_service,
        [this, asked = current_](boost::system::error_code ec,
                                 const boost::asio::ip::tcp::resolver::results_type& found) {
            if (ec == boost::asio::error::operation_aborted) return;
            asked->ec = ec;
            for (const auto& entry : found) asked->endpoints.push_back(entry.endpoint());
            // Nobody waits any more: the resolver that started this may be gone.
            if (asked->waiting.empty()) {
                asked->done = true;
                return;
            }
            current_.reset();
            for (wait_entry* waiting : std::exchange(asked->waiting, {})) {
                waiting->resume_later(wake::ready);
            }
        });
}

}  // namespace sluice::actions
