// What doctor says of the cluster's files: which of them are damaged, what they hold, what to do next.
#pragma once

#include "app/app.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>

namespace fleet::app {

// Checks like those of doctor: [{name, ok, message, hint?}]. Empty when the files cannot be read from here.
// `runs`: the server answers, so that it can say which relation a file is.
asio::awaitable<Json> damage_checks(App& app, std::filesystem::path data, bool runs);

}  // namespace fleet::app
