#include "config/secret_string.hpp"

#include <openssl/crypto.h>

#include <ostream>
#include <utility>

namespace sluice {
namespace {

/// Overwrites the whole buffer, also what lies behind the text in it, in a way no optimiser
/// removes.
void wipe(std::string& text) noexcept
{
    OPENSSL_cleanse(text.data(), text.capacity());
    text.clear();
}

}  // namespace

// The argument is copied and wiped instead of moved: a moved-from short string keeps its
// characters.
secret_string::secret_string(std::string text) : text_(text)
{
    wipe(text);
}

secret_string::secret_string(const secret_string&) = default;

secret_string::secret_string(secret_string&& other) noexcept : text_(std::move(other.text_))
{
    wipe(other.text_);
}

secret_string& secret_string::operator=(secret_string other) noexcept
{
    text_.swap(other.text_);
    return *this;
}

secret_string::~secret_string()
{
    wipe(text_);
}

std::ostream& operator<<(std::ostream& out, const secret_string&)
{
    return out << "***";
}

bool secret_string::equals(std::string_view other) const noexcept
{
    return text_.size() == other.size() &&
           CRYPTO_memcmp(text_.data(), other.data(), other.size()) == 0;
}

}  // namespace sluice
