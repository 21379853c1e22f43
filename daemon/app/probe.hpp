// `select 1` over a session of its own, for the database providers.
#pragma once

#include "services/provider.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace fleet::app {

services::Probe make_probe(boost::asio::any_io_executor loop);

// "15.16" of 150016.
std::string version_words(int server_version);

}  // namespace fleet::app
