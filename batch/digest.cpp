#include "batch/digest.hpp"

#include <openssl/evp.h>

#include "config/assert_always.hpp"

namespace sluice::batch {
namespace {

using context_ptr = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

context_ptr begin_digest(const EVP_MD* kind)
{
    context_ptr out(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    assert_always(out && EVP_DigestInit_ex(out.get(), kind, nullptr) == 1, "digest starts");
    return out;
}

std::string finish_digest(EVP_MD_CTX* context)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    assert_always(EVP_DigestFinal_ex(context, bytes, &size) == 1, "digest ends");
    std::string out;
    for (unsigned int i = 0; i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
    return out;
}

}  // namespace

struct digest_sink::contexts {
    context_ptr sha256 = begin_digest(EVP_sha256());
    context_ptr md5 = begin_digest(EVP_md5());
};

digest_sink::digest_sink(byte_sink& next) : next_(next), contexts_(std::make_unique<contexts>()) {}
digest_sink::~digest_sink() = default;

result<void> digest_sink::write(std::string_view bytes)
{
    EVP_DigestUpdate(contexts_->sha256.get(), bytes.data(), bytes.size());
    EVP_DigestUpdate(contexts_->md5.get(), bytes.data(), bytes.size());
    bytes_ += bytes.size();
    return next_.write(bytes);
}

std::string digest_sink::sha256()
{
    return finish_digest(contexts_->sha256.get());
}
std::string digest_sink::md5()
{
    return finish_digest(contexts_->md5.get());
}

std::string sha256_hex(std::string_view text)
{
    const auto context = begin_digest(EVP_sha256());
    EVP_DigestUpdate(context.get(), text.data(), text.size());
    return finish_digest(context.get());
}

}  // namespace sluice::batch
