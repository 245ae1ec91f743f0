#include "gateway/commands/admin_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "datasets/open_log.hpp"
#include "gateway/commands/commands.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::uint64_t answer_bytes_max = 1ull << 30;

std::string percent_encode(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
        }
    }
    return out;
}

failure unreachable(const config::listener_settings& admin, const boost::system::error_code& ec)
{
    return {ec, fmt::format("can't reach the gateway at {}:{}: {}", admin.address, admin.port,
                            ec.message())};
}

/// A command that changes something must not make a new, empty log where none was.
bool has_data(const config::settings& settings)
{
    const auto& all = settings.datasets;
    const bool is_embedded = std::all_of(all.begin(), all.end(), [](const auto& dataset) {
        return dataset.second.engine == "embedded";
    });
    return !is_embedded || std::filesystem::exists(settings.gateway.data_dir);
}

}  // namespace

result<operation_result> call_admin(const config::listener_settings& admin, std::string_view method,
                                    std::string_view target)
{
    namespace http = beast::http;
    asio::io_context context;
    beast::tcp_stream stream(context);
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(
        admin.address == "0.0.0.0" || admin.address == "::" ? "127.0.0.1" : admin.address, ec);
    if (ec) return unreachable(admin, ec);
    stream.socket().connect({address, admin.port}, ec);
    if (ec) return unreachable(admin, ec);

    http::request<http::empty_body> request(http::string_to_verb(std::string(method)),
                                            std::string(target), 11);
    request.set(http::field::host, fmt::format("{}:{}", admin.address, admin.port));
    request.set(http::field::user_agent, "sluice/" SLUICE_VERSION);
    request.set(http::field::connection, "close");
    request.prepare_payload();
    http::write(stream, request, ec);
    if (ec) return unreachable(admin, ec);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(answer_bytes_max);
    http::read(stream, buffer, parser, ec);
    if (ec) return unreachable(admin, ec);
    operation_result answer;
    answer.status = parser.get().result_int();
    answer.content_type = std::string(parser.get()[http::field::content_type]);
    answer.body = std::move(parser.get().body());
    return answer;
}

std::string make_query(const query_parameters& query)
{
    std::string text;
    for (const auto& [name, value] : query) {
        text += text.empty() ? '?' : '&';
        text += name + '=' + percent_encode(value);
    }
    return text;
}

operations_client::~operations_client()
{
    if (log_) log_->close();
}

result<operation_result> operations_client::run(std::string_view method, std::string_view path,
                                                const query_parameters& query)
{
    if (!log_) {
        auto answer = call_admin(config_.settings.gateway.admin, method,
                                 std::string(path) + make_query(query));
        if (answer.has_value() || answer.error().code != asio::error::connection_refused) {
            return answer;
        }
        auto settings = datasets::log_settings_for(config_.settings);
        settings.is_tool = true;
        settings.is_read_only = !changes_;
        if (!settings.kafka && !has_data(config_.settings)) {
            return failure{{},
                           fmt::format("there is no log in {}; check `data_dir`, or start the "
                                       "gateway once",
                                       settings.data_dir)};
        }
        auto log = datasets::open_log(settings);
        if (log.has_error()) return log.error();
        log_ = std::move(*log);
    }
    const operation_context context{
        *log_, config_.settings, config_.catalog.get(), system_clock(), {}};
    auto found = run_operation(context, method, path, query);
    if (!found) return operation_problem(404, "this needs a running gateway");
    return std::move(*found);
}

result<operation_result> run_anywhere(const loaded_config& config, std::string_view method,
                                      std::string_view path, const query_parameters& query,
                                      bool changes)
{
    operations_client client(config, changes);
    return client.run(method, path, query);
}

int print_result(const result<operation_result>& answer)
{
    if (answer.has_error()) {
        fmt::print(stderr, "sluice: {}\n", answer.error().message);
        return exit_unreachable;
    }
    if (answer->status >= 400) {
        const auto problem = nlohmann::json::parse(answer->body, nullptr, false);
        const auto detail =
            problem.is_object() ? problem.value("detail", answer->body) : answer->body;
        fmt::print(stderr, "sluice: {}\n", detail);
        return answer->status == 400 || answer->status == 404 ? exit_no : exit_unreachable;
    }
    fmt::print("{}{}", answer->body, answer->body.ends_with('\n') ? "" : "\n");
    return exit_done;
}

}  // namespace sluice::gateway
