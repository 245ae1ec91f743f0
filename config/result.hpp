#pragma once
// How every folder reports failure: a value that says what went wrong and what to do about it.
// Exceptions are for failed start-up and out of memory only; see the README of this folder.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>

namespace sluice {

/// One failure: a code for programs and a sentence with the remedy for people.
/// `code` belongs to the error enum of the module that reports it; `message` never holds a secret.
struct failure {
    boost::system::error_code code;
    std::string message;
};

/// Called by result<T>::value() when there is no value: a bug of the caller, who had to test first.
[[noreturn]] inline void throw_exception_from_error(const failure& f, const boost::source_location&)
{
    throw std::runtime_error(f.message);
}

template <class T>
using result = boost::system::result<T, failure>;

}  // namespace sluice
