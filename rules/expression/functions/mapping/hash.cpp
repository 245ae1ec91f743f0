// A tabular file: its end declares functions with signatures, help and examples.
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

enum class charset { utf_8, utf_16, latin_1, ascii };

std::optional<charset> charset_named(std::string_view name)
{
    if (name == "UTF-8") return charset::utf_8;
    if (name == "UTF-16") return charset::utf_16;
    if (name == "ISO-8859-1") return charset::latin_1;
    if (name == "US-ASCII") return charset::ascii;
    return std::nullopt;
}

result<std::shared_ptr<const void>> prepare_charset(std::span<const value* const> given,
                                                    const limits&)
{
    if (given.back() != nullptr && given.back()->is(value_kind::string) &&
        !charset_named(given.back()->text())) {
        return load_failure("unknown charset '" + std::string(given.back()->text()) +
                            "'; use UTF-8, UTF-16, ISO-8859-1 or US-ASCII");
    }
    return std::shared_ptr<const void>{};
}

// Big endian with a byte order mark, as Java writes it.
void append_utf_16(std::string_view text, std::string& into)
{
    const auto unit = [&](char32_t bits) {
        into += static_cast<char>(bits >> 8);
        into += static_cast<char>(bits & 0xff);
    };
    unit(0xfeff);
    for (std::size_t at = 0; at < text.size(); at += code_point_length(text[at])) {
        const auto point = decode_at(text, at);
        if (point < 0x10000) {
            unit(point);
        } else {
            unit(0xd800 + ((point - 0x10000) >> 10));
            unit(0xdc00 + ((point - 0x10000) & 0x3ff));
        }
    }
}

std::string encoded(std::string_view text, charset target)
{
    std::string made;
    if (target == charset::utf_16) {
        append_utf_16(text, made);
        return made;
    }
    const char32_t last = target == charset::latin_1 ? 0xff : 0x7f;
    for (std::size_t at = 0; at < text.size(); at += code_point_length(text[at])) {
        const auto point = decode_at(text, at);
        made += point <= last ? static_cast<char>(point) : '?';
    }
    return made;
}

// The octets to hash; nullopt for an unknown charset. `memory` holds what had to be converted.
std::optional<std::string_view> octets_of(arguments given, std::string& memory)
{
    if (given.size() == 1) return given[0].text();
    const auto target = charset_named(given[1].text());
    if (!target) return std::nullopt;
    if (*target == charset::utf_8) return given[0].text();
    memory = encoded(given[0].text(), *target);
    return memory;
}

value hexadecimal(evaluation_context& context, const unsigned char* bytes, std::size_t count)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    auto* text = build_text(context, count * 2);
    if (text == nullptr) return limit_error(text_limit_text);
    for (std::size_t i = 0; i < count; ++i) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return value::from_string({text, count * 2});
}

value digest_of(evaluation_context& context, std::string_view octets, const EVP_MD* kind)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!context.charge(static_cast<std::int64_t>(octets.size())))
        return limit_error(cost_limit_text);
    if (EVP_Digest(octets.data(), octets.size(), bytes, &size, kind, nullptr) != 1) {
        return invalid("the digest is not available");
    }
    return hexadecimal(context, bytes, size);
}

template <const EVP_MD* (*kind)()>
value digest(evaluation_context& context, arguments given, const call_site&)
{
    std::string memory;
    const auto octets = octets_of(given, memory);
    return octets ? digest_of(context, *octets, kind()) : invalid("unknown charset");
}

std::uint32_t crc_32(std::string_view octets)
{
    static const auto table = [] {
        std::array<std::uint32_t, 256> made{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            auto c = i;
            for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
            made[i] = c;
        }
        return made;
    }();
    auto crc = 0xffffffffu;
    for (const char octet : octets)
        crc = table[(crc ^ static_cast<unsigned char>(octet)) & 0xff] ^ (crc >> 8);
    return ~crc;
}

value crc_text(evaluation_context& context, arguments given, const call_site&)
{
    std::string memory;
    const auto octets = octets_of(given, memory);
    if (!octets) return invalid("unknown charset");
    const auto crc = crc_32(*octets);
    // Least significant byte first, as Data Prep prints it.
    const unsigned char bytes[4] = {
        static_cast<unsigned char>(crc), static_cast<unsigned char>(crc >> 8),
        static_cast<unsigned char>(crc >> 16), static_cast<unsigned char>(crc >> 24)};
    return hexadecimal(context, bytes, 4);
}

value crc_number(evaluation_context&, arguments given, const call_site&)
{
    std::string memory;
    const auto octets = octets_of(given, memory);
    return octets ? value::from_int(crc_32(*octets)) : invalid("unknown charset");
}

bool is_sha_256(std::string_view text)
{
    return text.size() == 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

value email(evaluation_context& context, arguments given, const call_site&)
{
    // The whole address is lowered by Unicode rules first: names outside ASCII are written in both
    // cases too.
    const auto* lower = find_function("lower");
    const value trimmed_text[1] = {value::from_string(trim(given[0].text()))};
    const auto lowered = lower->overloads[0].code(context, arguments(trimmed_text), {});
    if (lowered.is_error()) return lowered;
    auto address = std::string(lowered.text());
    if (is_sha_256(address)) return build_string(context, address);
    const auto at = address.find('@');
    if (at == std::string::npos || at == 0 || at + 1 == address.size() ||
        address.find('@', at + 1) != std::string::npos ||
        address.find_first_of(" \t\r\n") != std::string::npos) {
        return invalid("the text is no e-mail address");
    }
    if (given.size() == 2) {
        if (given[1].text() != "google")
            return invalid("the style of hash.email() can be 'google'");
        const auto domain = address.substr(at);
        if (domain == "@gmail.com" || domain == "@googlemail.com") {
            auto name = address.substr(0, at);
            std::erase(name, '.');
            if (name.empty()) return invalid("the text is no e-mail address");
            address = name + domain;
        }
    }
    return digest_of(context, address, EVP_sha256());
}

value phone(evaluation_context& context, arguments given, const call_site&)
{
    const auto text = trim(given[0].text());
    const bool plus = text.starts_with('+');
    std::string digits;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            digits += c;
        } else if (std::string_view("+-.()/ \t").find(c) == std::string_view::npos) {
            return invalid("the text is no phone number");
        }
    }
    if (!plus && digits.starts_with("00")) {
        digits.erase(0, 2);
    } else if (!plus) {
        digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
        if (given.size() < 3)
            return invalid("a national phone number needs the country code as third argument");
        std::string country(given[2].text());
        std::erase(country, '+');
        if (country.empty() || country.find_first_not_of("0123456789") != std::string::npos) {
            return invalid("the country code is a number such as '1'");
        }
        digits.insert(0, country);
    }
    if (digits.size() < 7 || digits.size() > 15)
        return invalid("a phone number has 7 to 15 digits");
    const auto style = given[1].text();
    if (style == "e164") {
        digits.insert(0, "+");
    } else if (style != "digits") {
        return invalid("the style of hash.phone() is 'digits' or 'e164'");
    }
    return digest_of(context, digits, EVP_sha256());
}

using enum value_kind;

std::vector<overload> hashes(function_code code, value_kind result)
{
    return {{false, {string}, result, code},
            {false, {bytes}, result, code},
            {false, {string, string}, result, code, prepare_charset}};
}

}  // namespace

declarations hash_functions()
{
    return {
        {"Hashes",
         "hash.sha256",
         "hash.sha256(x[, charset])",
         "SHA-256 of a string (UTF-8 or another charset) or of bytes, lower-case hexadecimal.",
         {{"hash.sha256('my text')",
           "'7330d2b39ca35eaf4cb95fc846c21ee6a39af698154a83a586ee270a0d372104'"},
          {"hash.sha256('')",
           "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'"}},
         hashes(digest<EVP_sha256>, string)},
        {"Hashes",
         "hash.sha1",
         "hash.sha1(x[, charset])",
         "SHA-1.",
         {{"hash.sha1('my text')", "'c3599c11e47719df18a2448690840c5dfcce3c80'"},
          {"hash.sha1('é', 'ISO-8859-1')", "'1599e9fa41ec68c80230491902786bee889f5bcb'"}},
         hashes(digest<EVP_sha1>, string)},
        {"Hashes",
         "hash.sha512",
         "hash.sha512(x[, charset])",
         "SHA-512.",
         {{"hash.sha512('my text')",
           "'a3d7e45a0d9be5fd4e4b9a3b8c9c2163c21ef708bf11b4232bb21d2a8704ada2cdcd7b367dd0788a89a5c9"
           "08cfe377aceb1072a7b386b7d4fd2ff68a8fd24d16'"},
          {"hash.sha512('')",
           "'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318"
           "d2877eec2f63b931bd47417a81a538327af927da3e'"}},
         hashes(digest<EVP_sha512>, string)},
        {"Hashes",
         "hash.md5",
         "hash.md5(x[, charset])",
         "MD5.",
         {{"hash.md5('my text')", "'d3b96ce8c9fb4e9bd0198d03ba6852c7'"},
          {"hash.md5('é', 'UTF-16')", "'f050a1c7afbddf34f3bef0b85657ee0c'"},
          {"hash.md5('a', 'latin')", "error"}},
         hashes(digest<EVP_md5>, string)},
        {"Hashes",
         "hash.crc32",
         "hash.crc32(x[, charset])",
         "CRC-32, its four bytes least significant first.",
         {{"hash.crc32('my text')", "'8df92e80'"}, {"hash.crc32('123456789')", "'2639f4cb'"}},
         hashes(crc_text, string)},
        {"Hashes",
         "hash.crc32Int",
         "hash.crc32Int(x[, charset])",
         "CRC-32 as a number.",
         {{"hash.crc32Int('123456789')", "3421780262"}, {"hash.crc32Int('')", "0"}},
         hashes(crc_number, integer)},
        {"Hashes",
         "hash.email",
         "hash.email(s[, style])",
         "SHA-256 of the trimmed, lower-cased address; style 'google' drops dots before "
         "@gmail.com.",
         {{"hash.email(' John_Smith@gmail.com ')",
           "'62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f'"},
          {"hash.email('John.Smith@gmail.com', 'google')",
           "'3586de92bb3636d0885a12eff961429a32e4ebd764b96f50d85d016f9338d586'"},
          {"hash.email('nobody')", "error"}},
         {{false, {string}, string, email}, {false, {string, string}, string, email}}},
        {"Hashes",
         "hash.phone",
         "hash.phone(s, style[, country])",
         "SHA-256 of the number as 'digits' or 'e164'; country goes before a national number.",
         {{"hash.phone('(650)555-1212', 'digits', '1')",
           "'e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176'"},
          {"hash.phone('+1 650 555 1212', 'e164')",
           "'1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8'"},
          {"hash.phone('0650', 'digits', '1')", "error"}},
         {{false, {string, string}, string, phone},
          {false, {string, string, string}, string, phone}}},
    };
}

}  // namespace sluice::rules::expression
