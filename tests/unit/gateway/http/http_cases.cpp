#include "tests/unit/gateway/http/http_cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

namespace sluice::gateway::test {
namespace {

/// The file is UTF-8; every character up to U+00FF is one byte on the wire.
std::string as_bytes(const std::string& text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) {
            out.push_back(text[i]);
        } else {
            out.push_back(
                static_cast<char>(((c & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f)));
        }
    }
    return out;
}

void replace_all(std::string& text, const std::string& mark, const std::string& by)
{
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) {
        text.replace(at, mark.size(), by);
    }
}

std::string header_value(std::string_view head, std::string_view name)
{
    std::string lower_head(head);
    std::transform(lower_head.begin(), lower_head.end(), lower_head.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at = lower_head.find(fmt::format("\r\n{}:", name));
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 3;
    return lower_head.substr(begin, lower_head.find("\r\n", begin) - begin);
}

std::size_t to_number(std::string_view text)
{
    std::size_t out = 0;
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

}  // namespace

std::vector<http_case> load_http_cases()
{
    std::ifstream file(SLUICE_SOURCE_DIR "/tests/http/cases.json");
    const auto document = nlohmann::json::parse(file);
    std::vector<http_case> cases;
    for (const auto& from : document) {
        http_case one;
        const auto& expect = from.at("expect");
        one.id = from.at("id");
        one.level = from.at("level");
        one.send = as_bytes(from.at("send"));
        one.later = as_bytes(from.value("later", ""));
        one.half_closes = from.value("then", "") == "half_close";
        one.has_fill = from.contains("fill");
        for (const auto& fill : from.value("fill", nlohmann::json::array())) {
            std::string text;
            const std::string unit = as_bytes(fill.at("text"));
            for (int i = 0; i < fill.at("times").get<int>(); ++i) text += unit;
            replace_all(one.send, fill.at("mark"), text);
        }
        one.status = expect.at("status").get<std::vector<int>>();
        one.answers = expect.at("answers");
        one.may_be_silent = expect.value("silent", false);
        if (expect.at("close").is_boolean())
            one.close = expect.at("close") ? closing::closes : closing::stays;
        if (expect.contains("interim")) one.interim = !expect.at("interim").empty();
        if (expect.contains("body")) one.body = as_bytes(expect.at("body"));
        if (expect.contains("has")) one.has = expect.at("has").get<std::vector<std::string>>();
        cases.push_back(std::move(one));
    }
    return cases;
}

heard_answers parse_answers(std::string_view bytes, const std::vector<bool>& head_only)
{
    heard_answers out;
    while (!bytes.empty()) {
        const auto end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos || !bytes.starts_with("HTTP/1.1 ")) {
            out.is_malformed = true;
            break;
        }
        const auto head = bytes.substr(0, end + 2);
        bytes.remove_prefix(end + 4);
        const auto status = static_cast<int>(to_number(head.substr(9, 3)));
        if (status == 100) {
            ++out.interims;
            continue;
        }
        const bool has_body =
            !(out.status.size() < head_only.size() && head_only[out.status.size()]);
        const auto length = has_body ? to_number(header_value(head, "content-length")) : 0;
        if (length > bytes.size()) {
            out.is_malformed = true;
            break;
        }
        out.status.push_back(status);
        out.last_head = head;
        out.last_body = bytes.substr(0, length);
        bytes.remove_prefix(length);
    }
    return out;
}

std::string judge(const http_case& wanted, const heard_answers& heard, bool was_closed)
{
    if (heard.is_malformed) return "the answers are malformed";
    if (heard.status.empty() && wanted.may_be_silent && was_closed) return {};
    if (heard.status.size() != wanted.answers) {
        return fmt::format("{} answers instead of {} (last {})", heard.status.size(),
                           wanted.answers, heard.status.empty() ? 0 : heard.status.back());
    }
    const auto last = heard.status.back();
    if (std::find(wanted.status.begin(), wanted.status.end(), last) == wanted.status.end()) {
        return fmt::format("status {} instead of {}", last, wanted.status.front());
    }
    for (std::size_t i = 0; i + 1 < heard.status.size(); ++i) {
        if (heard.status[i] != 200) return fmt::format("answer {} is {}", i, heard.status[i]);
    }
    if (wanted.close == closing::closes && !was_closed) return "the connection stays open";
    if (wanted.close == closing::stays && was_closed) return "the connection is closed";
    if (wanted.interim && *wanted.interim != (heard.interims > 0)) return "wrong interim answers";
    if (wanted.body && last == 200) {
        const auto begin = heard.last_body.find('\n');
        if (heard.last_body.substr(begin + 1) != *wanted.body)
            return "another body reached the endpoint";
    }
    for (const auto& name : wanted.has) {
        if (header_value(heard.last_head, name).empty()) return "field " + name + " is missing";
    }
    return {};
}

}  // namespace sluice::gateway::test
