// Precompiled for the folders that do network I/O (actions, gateway).
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "cmake/pch_std.hpp"
